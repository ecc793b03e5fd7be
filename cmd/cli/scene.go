package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// scene is what goes on, for whoever looks: some lines that fit a terminal, and one for a log.
type scene interface {
	lines(s *stream) []string
	line() string
}

// steps are a scene in a few words, which change.
type steps struct {
	mu  sync.Mutex
	now string
}

func (s *steps) next(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = fmt.Sprintf(format, args...)
}

func (s *steps) line() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "running  " + s.now
}

func (s *steps) lines(*stream) []string { return []string{s.line()} }

const (
	// glance is how often a terminal is kept up to date.
	glance = 250 * time.Millisecond
	// heartbeat is how long a log may be silent: ten seconds never pass without a line.
	heartbeat = 9 * time.Second
	// soon is in what time most interrupted commands have ended, so that nothing need be said of it.
	soon = 2 * time.Second
)

const interrupted = "interrupted: clients that wait have their time to come back, which may take a minute, then all is saved and judged; " +
	"a second Ctrl-C ends at once, and lockquake check judges what it leaves"

// watch keeps whoever looks informed of what goes on, until the func that it returns is called.
func (a app) watch(ctx context.Context, sc scene) (stop func()) {
	s := a.stream()
	if s == nil {
		return func() {}
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if s.terminal != nil {
			s.animate(ctx, sc, ended)
		} else {
			s.beat(sc, ended)
		}
	}()
	return func() { close(ended); <-done }
}

// animate shows the scene as it changes.
func (s *stream) animate(ctx context.Context, sc scene, ended <-chan struct{}) {
	defer s.hide()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		s.show(s.linesOf(ctx, sc))
		select {
		case <-ended:
			return
		case <-tick.C:
		}
	}
}

// linesOf are the scene's. When somebody has interrupted it, they give way to what that means.
func (s *stream) linesOf(ctx context.Context, sc scene) []string {
	if ctx.Err() == nil {
		return sc.lines(s)
	}
	width, _ := s.size()
	return strings.Split(ansi.Wordwrap(interrupted, width-1, ""), "\n")
}

// beat says that the command lives whenever nothing else was said for a while.
func (s *stream) beat(sc scene, ended <-chan struct{}) {
	timer := time.NewTimer(heartbeat)
	defer timer.Stop()
	for {
		select {
		case <-ended:
			return
		case <-timer.C:
		}
		quiet := s.silent()
		if quiet >= heartbeat {
			fmt.Fprintln(s, sc.line())
			quiet = 0
		}
		timer.Reset(heartbeat - quiet)
	}
}

// explain says what an interrupt does, once that takes a while and no line below says it, until the func that it returns
// is called.
func (a app) explain(ctx context.Context, c *console) (stop func()) {
	ended := make(chan struct{})
	unneeded := context.AfterFunc(ctx, func() {
		select {
		case <-ended:
		case <-time.After(soon):
			if !c.shows() {
				fmt.Fprintln(a.log, "lockquake:", interrupted)
			}
		}
	})
	return func() { unneeded(); close(ended) }
}
