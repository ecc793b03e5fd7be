package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// screen is a terminal that a console writes to, and what can be seen on it.
type screen struct {
	console *console
	tty     *os.File
	seen    vt10x.Terminal
	read    chan struct{} // closed: all of it was
}

func newScreen(t *testing.T, width, height int) *screen {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{tty: theirs, seen: vt10x.New(vt10x.WithSize(width, height)), read: make(chan struct{})}
	s.resize(t, width, height)
	s.console = newConsole(theirs, theirs, environment{"TERM": "xterm", "LANG": "C.UTF-8"}.get)
	go func() {
		_, _ = io.Copy(s.seen, ours) // until an error: the other end is closed
		close(s.read)
	}()
	t.Cleanup(func() { _ = ours.Close() })
	return s
}

func (s *screen) resize(t *testing.T, width, height int) {
	t.Helper()
	if err := pty.Setsize(s.tty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		t.Fatal(err)
	}
	s.seen.Resize(width, height)
}

// end closes the terminal, and gives what is left on it.
func (s *screen) end() string {
	_ = s.tty.Close()
	<-s.read
	var lines []string
	for line := range strings.Lines(s.seen.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// What is printed while lines are shown stands above them, and nothing of them is left behind.
func TestLinesBelowLeaveNothingBehind(t *testing.T) {
	s := newScreen(t, 40, 8)
	fmt.Fprintln(s.console.out, "before")
	s.console.out.show([]string{"one", "two " + strings.Repeat("is wide ", 20), "three"})
	fmt.Fprint(s.console.out, "half")
	s.resize(t, 50, 8)
	fmt.Fprintln(s.console.log, "an error")
	s.console.out.show([]string{"only one"})
	fmt.Fprintln(s.console.out, " and whole")
	fmt.Fprint(s.console.out, "the rest")
	s.console.out.hide()
	if got, want := s.end(), "before\nan error\nhalf and whole\nthe rest"; got != want {
		t.Errorf("on the terminal is\n%s\nwant\n%s", got, want)
	}
}

// While lines are shown the cursor is where they begin: to erase them is to erase what is below it.
func TestLinesAreShownBelow(t *testing.T) {
	s := newScreen(t, 20, 5)
	for i := range 9 {
		fmt.Fprintln(s.console.out, "line", i)
	}
	s.console.out.show([]string{"one", "two " + strings.Repeat("x", 30), "three", "four", "five", "six"})
	if got, want := s.end(), "one\ntwo xxxxxxxxxxxxxxx\nthree\nfour"; !strings.HasSuffix(got, want) {
		t.Errorf("on the terminal is\n%s\nwant\n%s", got, want)
	}
	if at := s.seen.Cursor(); at.X != 0 || at.Y != 1 {
		t.Errorf("the cursor is at %d in line %d", at.X, at.Y)
	}
}

func TestWhoIsATerminal(t *testing.T) {
	_, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = theirs.Close() }()
	for name, c := range map[string]struct {
		env  environment
		mode colorMode
		to   io.Writer
		live bool
		want colorprofile.Profile
	}{
		"a terminal":               {environment{"TERM": "xterm-256color"}, colorAuto, theirs, true, colorprofile.ANSI256},
		"one with all colours":     {environment{"TERM": "xterm", "COLORTERM": "truecolor"}, colorAuto, theirs, true, colorprofile.TrueColor},
		"a plain one":              {environment{"TERM": "vt100"}, colorAuto, theirs, true, colorprofile.ANSI},
		"NO_COLOR":                 {environment{"TERM": "xterm", "NO_COLOR": "yes"}, colorAuto, theirs, true, colorprofile.NoTTY},
		"--color never":            {environment{"TERM": "xterm"}, colorNever, theirs, true, colorprofile.NoTTY},
		"--color before NO_COLOR":  {environment{"TERM": "xterm", "NO_COLOR": "1"}, colorAlways, theirs, true, colorprofile.ANSI},
		"dumb":                     {environment{"TERM": "dumb"}, colorAuto, theirs, false, colorprofile.NoTTY},
		"no TERM":                  {environment{}, colorAuto, theirs, false, colorprofile.NoTTY},
		"CI with a terminal":       {environment{"TERM": "xterm", "CI": "true"}, colorAuto, theirs, false, colorprofile.NoTTY},
		"a pipe":                   {environment{"TERM": "xterm"}, colorAuto, io.Discard, false, colorprofile.NoTTY},
		"a pipe, CLICOLOR_FORCE":   {environment{"TERM": "xterm-256color", "CLICOLOR_FORCE": "1"}, colorAuto, io.Discard, false, colorprofile.ANSI256},
		"NO_COLOR, CLICOLOR_FORCE": {environment{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, colorAuto, io.Discard, false, colorprofile.NoTTY},
		"a pipe, --color always":   {environment{}, colorAlways, io.Discard, false, colorprofile.ANSI},
	} {
		console := newConsole(c.to, io.Discard, c.env.get)
		console.paintWhen(c.mode)
		if s := console.out; (s.terminal != nil) != c.live || s.profile != c.want {
			t.Errorf("%s: lines below %v, colours %v, want %v and %v", name, s.terminal != nil, s.profile, c.live, c.want)
		}
	}
	call(t, "list", "--color", "mauve").want(t, exitUsage, "give one of auto, always, never")
}

// clocked is a log that remembers when what was said.
type clocked struct {
	said  []string
	since []time.Duration // the line before
	last  time.Time
}

func (c *clocked) Write(p []byte) (int, error) {
	c.said, c.since = append(c.said, string(p)), append(c.since, time.Since(c.last).Round(time.Second))
	c.last = time.Now()
	return len(p), nil
}

// A log is never silent for as long as ten seconds, and what it says by itself is enough.
func TestLogHasAHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &clocked{last: time.Now()}
		console := newConsole(out, io.Discard, environment{}.get)
		a := app{out: console.out, log: console.log}
		stop := a.watch(t.Context(), &steps{now: "nothing"})
		time.Sleep(8 * time.Second)
		fmt.Fprintln(a.out, "cell 1/2")
		time.Sleep(20 * time.Second)
		stop()
		time.Sleep(time.Minute)
		if got, want := fmt.Sprintf("%q %v", out.said, out.since), `["cell 1/2\n" "running  nothing\n" "running  nothing\n"] [8s 9s 9s]`; got != want {
			t.Errorf("said %s, want %s", got, want)
		}
	})
}

// What an interrupt means is said below, at once, or else in the log, once it takes a while.
func TestInterruptIsExplained(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	s := newScreen(t, 40, 12)
	lines := s.console.out.linesOf(cancelled, &steps{})
	for _, line := range lines {
		if len(line) > 39 {
			t.Errorf("40 columns: %q", line)
		}
	}
	if got := strings.Join(lines, " "); got != interrupted {
		t.Errorf("shown is %q", got)
	}
	for name, c := range map[string]struct {
		lasts time.Duration
		below bool
		says  string
	}{
		"ends soon":      {time.Second, false, ""},
		"takes a while":  {3 * time.Second, false, "lockquake: " + interrupted + "\n"},
		"it stood below": {3 * time.Second, true, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log strings.Builder
			console := newConsole(io.Discard, &log, environment{}.get)
			if c.below {
				console.below = console.out
			}
			ctx, interrupt := context.WithCancel(t.Context())
			stop := app{log: console.log}.explain(ctx, console)
			time.Sleep(time.Minute)
			interrupt()
			time.Sleep(c.lasts)
			stop()
			time.Sleep(time.Minute)
			synctest.Wait()
			if log.String() != c.says {
				t.Errorf("%s: said %q, want %q", name, log.String(), c.says)
			}
		})
	}
}
