package program

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"lockquake/workloads/lock"
)

// What is shown of a log: its last lines, and no more bytes.
const (
	shownLines = 5
	shownBytes = 1000
)

// log is the standard error of one process.
type log struct {
	file *os.File
	path string // empty: it is nowhere
	from int64  // where this process's part begins: a client that comes back goes on with its file
}

// openLog opens the log of a client for a lock. Where there is no folder for it, it is kept for as long as the process.
func openLog(env lock.Env) (log, error) {
	if env.Dir == "" {
		file, err := os.CreateTemp("", "lockquake-program-*")
		if err != nil {
			return log{}, err
		}
		return log{file: file}, os.Remove(file.Name())
	}
	name := filepath.Join(env.Dir, fmt.Sprintf("program-%s-%s.log", env.ClientID, path.Base(env.Name)))
	file, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return log{}, err
	}
	from, err := file.Seek(0, io.SeekEnd)
	return log{file, name, from}, err
}

// lastWords are what an error says of the log.
func (l log) lastWords() string {
	where := ""
	if l.path != "" {
		where = " (" + l.path + ")"
	}
	tail := l.tail()
	if tail == "" {
		return "; it left no last words" + where
	}
	return fmt.Sprintf("; its last words%s:\n%s", where, tail)
}

func (l log) tail() string {
	info, err := l.file.Stat()
	if err != nil || info.Size() < l.from {
		return ""
	}
	from := max(l.from, info.Size()-shownBytes)
	text := make([]byte, info.Size()-from)
	n, _ := l.file.ReadAt(text, from)
	lines := strings.Split(strings.TrimSpace(string(text[:n])), "\n")
	return strings.Join(lines[max(0, len(lines)-shownLines):], "\n")
}

func (l log) close() error { return l.file.Close() }
