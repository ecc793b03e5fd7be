package workloads_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"lockquake/checker/history"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// ableLock is a fakeLock that can do everything, and tells what it was asked for.
type ableLock struct {
	*fakeLock
	asked  []string
	tryErr error
}

func (l *ableLock) Acquire(ctx context.Context) (lock.Hold, error) {
	l.asked = append(l.asked, "acquire")
	return l.fakeLock.Acquire(ctx)
}

func (l *ableLock) TryAcquire(ctx context.Context) (lock.Hold, error) {
	l.asked = append(l.asked, "try")
	if l.tryErr != nil {
		return lock.Hold{}, l.tryErr
	}
	return l.fakeLock.Acquire(ctx)
}

func (l *ableLock) Reacquire(ctx context.Context) (lock.Hold, error) {
	l.asked = append(l.asked, "reacquire")
	return l.fakeLock.Acquire(ctx)
}

func (l *ableLock) AcquireShared(ctx context.Context) (lock.Hold, error) {
	l.asked = append(l.asked, "share")
	return l.fakeLock.Acquire(ctx)
}

func (l *ableLock) Requeue(ctx context.Context, hold lock.Hold) error {
	l.asked = append(l.asked, "requeue")
	return hold.Release(ctx)
}

// able makes the stage's lock one that can do everything.
func (s *stage) able() *ableLock {
	l := &ableLock{fakeLock: s.lock}
	s.Process.Lock = func(string) lock.Lock { return l }
	return l
}

func round(again bool) workloads.Round {
	return workloads.Round{Key: "k0", Stay: stay, Again: func() bool { return again }}
}

// modes lists how the acquires of a history asked.
func modes(h history.History) (modes []history.Mode) {
	for _, o := range h.Ops {
		if o.Op == history.Acquire {
			modes = append(modes, o.Mode)
		}
	}
	return modes
}

func TestRoundsOfEachWorkload(t *testing.T) {
	shared := round(false)
	shared.Shared = true
	for name, tc := range map[string]struct {
		workload workloads.Workload
		round    workloads.Round
		modes    []history.Mode
		told     []string
	}{
		"contend": {workloads.Contend{}, round(true), []history.Mode{history.Alone}, []string{"p0 acquire ok", "p0 release ok"}},
		"try":     {workloads.Try{}, round(true), []history.Mode{history.Tried}, []string{"p0 acquire ok", "p0 release ok"}},
		"reentrant": {
			workloads.NewReentrant(&workloads.Memory{}), round(true), []history.Mode{history.Alone, history.Nested},
			[]string{"p0 acquire ok", "p0 read 0 ok", "p0 acquire ok", "p0 release ok", "p0 write 1 over 0 ok", "p0 release ok"},
		},
		"a reader": {
			workloads.NewReadersWriter(&workloads.Memory{}), shared, []history.Mode{history.Shared},
			[]string{"p0 acquire ok", "p0 read 0 ok", "p0 read 0 ok", "p0 release ok"},
		},
		"a writer": {
			workloads.NewReadersWriter(&workloads.Memory{}), round(true), []history.Mode{history.Alone},
			[]string{"p0 acquire ok", "p0 read 0 ok", "p0 write 1 over 0 ok", "p0 release ok"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				s.able()
				if !tc.workload.Turn(s.ctx, s.Process, tc.round) {
					t.Error("not acquired")
				}
				if got := modes(s.wantTold(tc.told...)); !slices.Equal(got, tc.modes) {
					t.Errorf("modes %v, want %v", got, tc.modes)
				}
			})
		})
	}
}

// An inner hold ends before the outer one does, and each of them by its own release.
func TestNestedHoldLiesWithinItsOuterOne(t *testing.T) {
	play(t, func(s *stage) {
		s.able()
		workloads.NewReentrant(&workloads.Memory{}).Turn(s.ctx, s.Process, round(true))
		ops := s.history().Ops
		outer, inner := ops[0], ops[2]
		if ops[3].Hold != inner.ID() || ops[5].Hold != outer.ID() || ops[4].Hold != outer.ID() {
			t.Errorf("recorded %+v: releases or the write name the wrong hold", ops)
		}
	})
}

// Whoever is not given the inner hold does not write, and gives back what he has.
func TestReentrantThatCannotNestWritesNothing(t *testing.T) {
	play(t, func(s *stage) {
		l := s.able()
		s.Waiting = func(string) func() { return func() { l.acquireErr = lock.ErrDefinite } } // from the first answer on
		workloads.NewReentrant(&workloads.Memory{}).Turn(s.ctx, s.Process, round(true))
		s.wantTold("p0 acquire ok", "p0 read 0 ok", "p0 acquire fail", "p0 release ok")
	})
}

func TestTryThatFindsTheLockTakenGoesAway(t *testing.T) {
	play(t, func(s *stage) {
		s.able().tryErr = fmt.Errorf("k0: %w", lock.ErrTaken)
		if (workloads.Try{}).Turn(s.ctx, s.Process, round(true)) {
			t.Error("acquired what is taken")
		}
		s.wantTold("p0 acquire fail")
	})
}

func TestHandoffGetsInLineAgainInTheSameRequestIfItCan(t *testing.T) {
	for name, tc := range map[string]struct {
		able, again bool
		asked       []string
		modes       []history.Mode
		queued      int
	}{
		"once more":          {true, true, []string{"acquire", "requeue", "acquire", "requeue"}, []history.Mode{history.Alone, history.Queued}, 1},
		"not once more":      {true, false, []string{"acquire", "acquire"}, []history.Mode{history.Alone, history.Alone}, 0},
		"the lock cannot":    {false, true, nil, []history.Mode{history.Alone, history.Alone}, 0},
		"neither of the two": {false, false, nil, []history.Mode{history.Alone, history.Alone}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				l := &ableLock{}
				if tc.able {
					l = s.able()
				}
				for range 2 {
					(workloads.Handoff{}).Turn(s.ctx, s.Process, round(tc.again))
				}
				if !slices.Equal(l.asked, tc.asked) {
					t.Errorf("asked for %q, want %q", l.asked, tc.asked)
				}
				if queued := s.Queued(); len(queued) != tc.queued {
					t.Errorf("in line for %v, want %d", queued, tc.queued)
				}
				h := s.wantTold("p0 acquire ok", "p0 release ok", "p0 acquire ok", "p0 release ok")
				if got := modes(h); !slices.Equal(got, tc.modes) {
					t.Errorf("modes %v, want %v", got, tc.modes)
				}
			})
		})
	}
}

// What was due before it was asked for says so: its wait began then.
func TestAcquireTellsWhenItWasDue(t *testing.T) {
	play(t, func(s *stage) {
		r := round(false)
		r.Due = 7
		(workloads.Contend{}).Turn(s.ctx, s.Process, r)
		(workloads.Contend{}).Turn(s.ctx, s.Process, round(false))
		ops := s.history().Ops
		if ops[0].Value != 7 || ops[2].Value != 0 {
			t.Errorf("due at %d and %d, want 7 and nothing", ops[0].Value, ops[2].Value)
		}
	})
}

// A process that ends with two holds of one key ends in the midst of the outer one.
func TestCrashNamesTheOutermostHold(t *testing.T) {
	play(t, func(s *stage) {
		s.able()
		outer := s.acquire()
		inner := s.Reacquire(s.ctx, outer)
		if e := s.Crashed(); e.Hold != outer.ID || e.Key != "k0" {
			t.Errorf("crashed as %+v, want in hold %d", e, outer.ID)
		}
		s.Release(s.ctx, inner)
		s.Release(s.ctx, outer)
		if e := s.Crashed(); e.Hold != 0 || e.Key != "" {
			t.Errorf("crashed as %+v, want without a hold", e)
		}
	})
}
