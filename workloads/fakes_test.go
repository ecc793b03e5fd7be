package workloads_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"lockquake/checker/history"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const requestTimeout = time.Second

var errBroken = errors.New("broken")

// fakeLock is one client's handle on a lock that nobody else wants. It answers as a test wants.
type fakeLock struct {
	acquireErr, releaseErr, closeErr error
	refusals                         int           // acquires that fail first, surely without effect
	after                            time.Duration // how long an acquire takes
	mute                             bool          // a release is never answered
	lost                             chan struct{} // nil: it never tells
	tokens                           int64
}

func (l *fakeLock) Acquire(ctx context.Context) (lock.Hold, error) {
	if l.after > 0 {
		select {
		case <-time.After(l.after):
		case <-ctx.Done():
			return lock.Hold{}, ctx.Err()
		}
	}
	if l.refusals > 0 {
		l.refusals--
		return lock.Hold{}, lock.ErrDefinite
	}
	if l.acquireErr != nil {
		return lock.Hold{}, l.acquireErr
	}
	l.tokens++
	return lock.Hold{Token: l.tokens, Key: "locks/k0/a", Lease: 99, Lost: l.lost, Release: l.release}, nil
}

func (l *fakeLock) release(ctx context.Context) error {
	if l.mute {
		<-ctx.Done()
		return ctx.Err()
	}
	return l.releaseErr
}

func (l *fakeLock) Close() error { return l.closeErr }

// fakeResource is a register that nobody else uses.
type fakeResource struct {
	text              string
	readErr, writeErr error
	mute              bool // requests are never answered
}

func (r *fakeResource) Read(ctx context.Context, _ string, _ *workloads.Hold) (text string, pos int64, err error) {
	if err := r.answer(ctx, r.readErr); err != nil {
		return "", 0, err
	}
	return r.text, 1, nil
}

func (r *fakeResource) Write(ctx context.Context, _ string, _ *workloads.Hold, text string) (pos int64, err error) {
	if err := r.answer(ctx, r.writeErr); err != nil {
		return 0, err
	}
	r.text = text
	return 2, nil
}

func (r *fakeResource) answer(ctx context.Context, err error) error {
	if r.mute {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

// stage is one process on a fake lock, and what was recorded of it. What its pauses do, tests set.
type stage struct {
	*workloads.Process
	t       *testing.T
	ctx     context.Context
	lock    *fakeLock
	step    func(context.Context) (stopped bool)
	busy    <-chan struct{}
	entered []*workloads.Hold
	numbers int32 // handed out

	file bytes.Buffer
}

// play gives a test a stage in virtual time.
func play(t *testing.T, test func(*stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, ctx: t.Context(), lock: &fakeLock{lost: make(chan struct{})}}
		s.step = func(context.Context) bool { return false }
		recorder, err := history.NewRecorder(&s.file, history.Header{})
		if err != nil {
			t.Fatal(err)
		}
		s.Process = &workloads.Process{
			Recorder:       recorder,
			Client:         3,
			Renumber:       func() int32 { s.numbers++; return s.numbers - 1 },
			Lock:           func(string) lock.Lock { return s.lock },
			Step:           func(ctx context.Context) bool { return s.step(ctx) },
			Busy:           func() <-chan struct{} { return s.busy },
			Alive:          func() {},
			Waiting:        func(string) func() { return func() {} },
			Leaving:        func(context.Context, *workloads.Hold) {},
			Releasing:      func(*workloads.Hold) func(error) { return func(error) {} },
			Entered:        func(_ context.Context, h *workloads.Hold) { s.entered = append(s.entered, h) },
			RequestTimeout: requestTimeout,
		}
		test(s)
		_ = recorder.Close() // a second time, where the test has read the history
	})
}

// acquire must succeed.
func (s *stage) acquire() *workloads.Hold {
	s.t.Helper()
	hold := s.Acquire(s.ctx, workloads.Round{Key: "k0"})
	if hold == nil {
		s.t.Fatal("not acquired")
	}
	return hold
}

// history ends the recording and reads it back.
func (s *stage) history() history.History {
	s.t.Helper()
	if err := s.Recorder.Close(); err != nil {
		s.t.Fatal(err)
	}
	h, err := history.Decode(&s.file)
	if err != nil || h.Cut != "" || len(h.Defects) > 0 {
		s.t.Errorf("history: %v, cut %q, defects %q", err, h.Cut, h.Defects)
	}
	return h
}

// wantTold compares what was recorded, a line an operation or observation.
func (s *stage) wantTold(want ...string) history.History {
	s.t.Helper()
	h := s.history()
	if got := told(h); !slices.Equal(got, want) {
		s.t.Errorf("recorded %q, want %q", got, want)
	}
	return h
}

// told lists operations and observations in the order of their beginnings, without the end mark.
func told(h history.History) []string {
	lines := map[int64]string{}
	for _, o := range h.Ops {
		lines[o.Call] = fmt.Sprintf("p%d %s %s%s", o.Process, o.Op, values(o), o.Outcome)
	}
	for _, e := range h.Infos {
		if e.Op != history.End {
			lines[e.Seq] = fmt.Sprintf("p%d %s", e.Process, e.Op)
		}
	}
	var ordered []string
	for seq := range h.Events + 1 {
		if line, ok := lines[seq]; ok {
			ordered = append(ordered, line)
		}
	}
	return ordered
}

func values(o history.Operation) string {
	switch {
	case o.Op == history.Read && o.Outcome == history.OK:
		return fmt.Sprintf("%d ", o.Value)
	case o.Op == history.Write:
		return fmt.Sprintf("%d over %d ", o.Value, o.Prev)
	}
	return ""
}
