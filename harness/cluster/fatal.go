package cluster

import (
	"fmt"
	"os"

	"go.uber.org/zap/zapcore"
)

// exitFailed is the exit code of a process that etcd ends. It is not zap's 1, which lockquake's users take for a broken
// guarantee. (EX_SOFTWARE, as in cmd/cli/exit.go)
const exitFailed = 70

// fatal is what comes of an error that etcd cannot go on with: it ends the whole process, and all members and cells in
// it. Those who wait for that process are told why.
type fatal struct{}

// OnWrite implements zapcore.CheckWriteHook.
func (fatal) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	fmt.Fprintf(os.Stderr, "lockquake: etcd cannot go on, and has ended this process: %s%s: lockquake doctor says what this machine lacks, lockquake check judges what is stored\n",
		entry.Message, cause(fields))
	os.Exit(exitFailed)
}

// cause is the error among the fields of an entry.
func cause(fields []zapcore.Field) string {
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok {
			return ": " + err.Error()
		}
	}
	return ""
}
