package virtual

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"lockquake/harness/cluster"
)

const (
	// childVariable marks a process that Spawn has started.
	childVariable = "LOCKQUAKE_VIRTUAL"
	// wordsFile is the file descriptor that such a process speaks through.
	wordsFile = 3
	// lastWords is how much of what a process writes to its standard error is kept: the beginning of a panic says most.
	lastWords = 8 << 10
	// longestWord bounds a line of what it says.
	longestWord = 64 << 20
)

// errNotServed ends what would go on for ever: processes that are to do one thing, and start more of themselves.
var errNotServed = errors.New("this process was started to carry something out in virtual time: its program must call virtual.Serve first thing")

// word is what a process says, a line of JSON.
type word struct {
	Said  json.RawMessage `json:"said,omitempty"`
	Ended bool            `json:"ended,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Errand is what a process of its own is to do in virtual time. Only it may use the context.
type Errand func(ctx context.Context) error

// Serve turns a process that Spawn has started into one that does what it was asked for, and never returns then; in any
// other process it does nothing. A program that calls Spawn calls it first thing in main, and in TestMain: the processes
// are more of the same executable. errandOf is called in wall time; what say is given, from wherever, Spawn's caller hears.
func Serve(errandOf func(request []byte, say func(any)) (Errand, error)) {
	if _, child := os.LookupEnv(childVariable); !child {
		return
	}
	c := &child{words: os.NewFile(wordsFile, "words"), stop: make(chan struct{})}
	input := bufio.NewReader(os.Stdin)
	request, err := input.ReadBytes('\n')
	if err != nil {
		c.end(fmt.Errorf("read what is to be done: %w", err))
	}
	errand, err := errandOf(request, c.say)
	if err != nil {
		c.end(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, input) // until who wants this to end closes it, or is dead
		close(c.stop)
	}()
	testing.Main(regexp.MatchString, []testing.InternalTest{{Name: "virtual", F: func(t *testing.T) { c.do(t, errand) }}}, nil, nil)
}

// child is this process, when it was started by Spawn.
type child struct {
	stop chan struct{}

	mu    sync.Mutex // of short writes only: who waits for it in virtual time holds the clock
	words *os.File
}

// do ends the process with the errand: what a lock has left running is gone with it, and need not be waited for.
func (c *child) do(t *testing.T, e Errand) {
	_ = In(t, Outside{Stop: c.stop, Stuck: c.end}, func(ctx context.Context) { c.end(e(ctx)) })
}

func (c *child) say(what any) {
	said, err := json.Marshal(what)
	if err != nil {
		c.end(err)
	}
	c.speak(word{Said: said})
}

// end is the last word.
func (c *child) end(err error) {
	w := word{Ended: true}
	if err != nil {
		w.Error = err.Error()
	}
	c.speak(w)
	os.Exit(0)
}

func (c *child) speak(w word) {
	line, err := json.Marshal(w)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, err = c.words.Write(append(line, '\n'))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "virtual:", err)
		os.Exit(1)
	}
}

// Spawn has a process of its own do in virtual time what a request asks for, which must be JSON. It returns when that has
// ended; the end of ctx is passed on, and what winds down by then is waited for. heard is given what the process says.
// Where the system tells a process of its parent's death (Linux), it dies with this one.
func Spawn(ctx context.Context, request any, heard func(said []byte) error) error {
	if _, child := os.LookupEnv(childVariable); child {
		return errNotServed
	}
	asked, err := json.Marshal(request)
	if err != nil {
		return err
	}
	s, err := spawn()
	if err != nil {
		return fmt.Errorf("start a process for virtual time: %w", err)
	}
	defer s.spawner.Close()
	stop := context.AfterFunc(ctx, func() { _ = s.stdin.Close() })
	defer stop()
	_, asking := s.stdin.Write(append(asked, '\n'))
	ended, listening := s.listen(heard)
	_ = s.words.Close() // one that is not listened to any more ends by its next word
	_ = s.stdin.Close()
	waiting := s.command.Wait()
	switch {
	case listening != nil:
		return listening
	case ended == nil:
		return fmt.Errorf("the process for virtual time ended by itself: %w", errors.Join(waiting, asking, s.complaint()))
	case ended.Error != "":
		return errors.New(ended.Error)
	}
	return nil
}

// spawned is a process that Spawn has started.
type spawned struct {
	command *exec.Cmd
	spawner *cluster.Spawner
	stdin   io.WriteCloser
	words   *os.File
	stderr  head
}

func spawn() (s *spawned, err error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s = &spawned{command: &exec.Cmd{
		Path:        executable,
		Args:        []string{"lockquake-virtual"},
		Env:         append(append(frugal(), os.Environ()...), childVariable+"=1"),
		SysProcAttr: cluster.ChildAttributes(),
	}}
	s.command.Stderr = &s.stderr
	if s.stdin, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	words, their, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, s.stdin.Close())
	}
	s.words, s.command.ExtraFiles = words, []*os.File{their}
	s.spawner = cluster.NewSpawner()
	err = s.spawner.Start(s.command)
	_ = their.Close()
	if err != nil {
		s.spawner.Close()
		return nil, errors.Join(err, s.stdin.Close(), words.Close())
	}
	return s, nil
}

// frugal is the environment of a process that others may run beside: one goroutine at a time has something to do, mostly,
// and a second core would be busy with looking for more; and memory is small. What this process was given itself goes before.
func frugal() []string { return []string{"GOMAXPROCS=1", "GOGC=400"} }

// listen hears what the process says until its last word; nil: there was none.
func (s *spawned) listen(heard func([]byte) error) (last *word, err error) {
	lines := bufio.NewScanner(s.words)
	lines.Buffer(nil, longestWord)
	for lines.Scan() {
		var w word
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			return nil, fmt.Errorf("the process for virtual time says what nobody understands: %w", err)
		}
		if w.Ended {
			return &w, nil
		}
		if err := heard(w.Said); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// complaint is what the process wrote to its standard error.
func (s *spawned) complaint() error {
	if text := strings.TrimSpace(s.stderr.String()); text != "" {
		return errors.New(text)
	}
	return nil
}

// head keeps the beginning of what is written.
type head struct{ bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := lastWords - h.Len(); room > 0 {
		_, _ = h.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
