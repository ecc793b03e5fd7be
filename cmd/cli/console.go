package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// console is what a command talks to: two streams, which may be one terminal, and the lines at the bottom of that
// which change while something goes on.
//
// The cursor rests at the beginning of the first of these lines, so that to erase them is to erase what is below it.
// Whoever counts lines up, as progress bars do, leaves half of them behind where a terminal that has become narrower
// breaks them in two.
type console struct {
	out, log *stream
	getenv   func(string) string

	mu    sync.Mutex
	below *stream // the one that the lines are on; nil: there are none
	lines []string
}

// stream is one of a console's.
type stream struct {
	*console
	to       io.Writer
	terminal *os.File // nil: nobody looks at it while it is written
	profile  colorprofile.Profile

	rest  []byte    // the beginning of a line, while lines are shown below
	spoke time.Time // when something was last written
}

func newConsole(out, log io.Writer, getenv func(string) string) *console {
	c := &console{getenv: getenv}
	c.out, c.log = c.stream(out), c.stream(log)
	c.paintWhen(colorAuto)
	return c
}

func (c *console) stream(to io.Writer) *stream {
	s := &stream{console: c, to: to, spoke: time.Now()}
	f, ok := to.(*os.File)
	if ok && term.IsTerminal(int(f.Fd())) && c.getenv("TERM") != "" && c.getenv("TERM") != "dumb" && !c.inCI() {
		s.terminal = f
	}
	return s
}

// inCI tells whether nobody looks, be there a terminal or not: some CI systems give their steps one.
func (c *console) inCI() bool {
	ci := c.getenv("CI")
	return ci != "" && ci != "false" && ci != "0" || c.onGitHub()
}

// spells tells whether the terminal has more than ASCII.
func (c *console) spells() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(c.getenv(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return false
}

// size is that of the stream's terminal. One that says nothing of itself is as terminals always were.
func (s *stream) size() (width, height int) {
	width, height, err := term.GetSize(int(s.terminal.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// Write writes above the lines that are shown below. Of an unfinished line the rest is awaited then.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoke = time.Now()
	if s.below == nil || s.terminal == nil {
		return s.to.Write(p)
	}
	s.rest = append(s.rest, p...)
	whole := bytes.LastIndexByte(s.rest, '\n') + 1
	if whole == 0 {
		return len(p), nil
	}
	_, erasing := io.WriteString(s.below.to, erase)
	_, err := s.to.Write(s.rest[:whole])
	s.rest = slices.Delete(s.rest, 0, whole)
	return len(p), errors.Join(erasing, err, s.below.draw())
}

// erase removes the lines that are shown.
const erase = "\r" + ansi.EraseScreenBelow

// show has lines below all that is printed, in the place of those before.
func (s *stream) show(lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.below, s.lines = s, lines
	_ = s.draw() // whoever looked is gone
}

// draw writes as many of the lines as there is room for, each as far.
func (s *stream) draw() error {
	width, height := s.size()
	lines := s.lines[:min(len(s.lines), max(1, height-1))]
	var b strings.Builder
	for i, line := range lines {
		b.WriteString("\r")
		b.WriteString(ansi.Truncate(line, width-1, "")) // the last column would make some terminals break the line
		b.WriteString(ansi.EraseLineRight)
		if i < len(lines)-1 {
			b.WriteString("\n")
		}
	}
	b.WriteString(ansi.EraseScreenBelow + "\r")
	if len(lines) > 1 {
		b.WriteString(ansi.CursorUp(len(lines) - 1))
	}
	_, err := io.WriteString(s.to, b.String())
	return err
}

// hide removes the lines, and writes what was not a whole line yet.
func (s *stream) hide() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.below == nil {
		return
	}
	_, _ = io.WriteString(s.below.to, erase)
	s.below = nil
	for _, each := range []*stream{s.console.out, s.console.log} {
		_, _ = each.to.Write(each.rest)
		each.rest = nil
	}
}

// shows tells whether lines are shown.
func (c *console) shows() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.below != nil
}

// silent is how long nothing was written.
func (s *stream) silent() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.spoke)
}
