package cli

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	longFile = 8 << 20 // bytes of a stored history: about 200 000 operations
	slack    = 10      // per cent of what is in use that may wait to be collected
)

// sparing lets the judgement of a long history take less memory and some more time, until the func is called.
// The operations are in use to the end: where as much again as is in use may wait to be collected, as is usual, they
// count twice. Who has set GOGC knows better.
func sparing(path string) (undo func()) {
	stat, err := os.Stat(path)
	if err != nil || stat.Size() < longFile || os.Getenv("GOGC") != "" {
		return func() {}
	}
	usual := debug.SetGCPercent(slack)
	runtime.GC() // of the history before this one nothing must be left
	return func() { debug.SetGCPercent(usual) }
}
