package workloads_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"lockquake/checker/history"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// Each operation in turn ends well, surely without effect, or nobody knows how; then the session is
// closed, by the same process or by the next.
func TestUnknownOutcomeRetiresTheProcess(t *testing.T) {
	notHeld := fmt.Errorf("a stranger's: %w", lock.ErrNotHeld)
	operations := map[string]func(*stage, error){
		"acquire": func(s *stage, err error) { s.lock.acquireErr = err; s.Acquire(s.ctx, workloads.Round{Key: "k0"}) },
		"release": func(s *stage, err error) { s.lock.releaseErr = err; s.Release(s.ctx, s.acquire()) },
		"close":   func(s *stage, err error) { s.lock.closeErr = err; s.Close("k0"); s.lock.closeErr = nil },
		"read": func(s *stage, err error) {
			workloads.NewRegister(&fakeResource{readErr: err}).Turn(s.ctx, s.Process, workloads.Round{Key: "k0"})
		},
		"write": func(s *stage, err error) {
			workloads.NewRegister(&fakeResource{writeErr: err}).Turn(s.ctx, s.Process, workloads.Round{Key: "k0"})
		},
	}
	for _, end := range []struct {
		err     error
		outcome history.Outcome
		text    string
		next    int32
	}{
		{nil, history.OK, "", 0},
		{lock.ErrDefinite, history.Fail, "no effect", 0},
		{notHeld, history.Fail, "a stranger's: lock not held: no effect", 0},
		{errBroken, history.Unknown, "broken", 1},
		{context.DeadlineExceeded, history.Unknown, "context deadline exceeded", 1},
	} {
		for op, do := range operations {
			t.Run(fmt.Sprintf("%s %v", op, end.err), func(t *testing.T) {
				play(t, func(s *stage) {
					do(s, end.err)
					s.Close("k0")
					ops := s.history().Ops
					ended := find(t, ops, op)
					if ended.Outcome != end.outcome || ended.Error != end.text || ended.Process != 0 {
						t.Errorf("recorded %+v, want p0, %s, error %q", ended, end.outcome, end.text)
					}
					if last := ops[len(ops)-1]; last.Process != end.next || s.numbers != end.next+1 {
						t.Errorf("p%d goes on, of %d numbers; want p%d", last.Process, s.numbers, end.next)
					}
				})
			})
		}
	}
}

// find gives the first operation of a kind.
func find(t *testing.T, ops []history.Operation, op string) history.Operation {
	t.Helper()
	for _, o := range ops {
		if o.Op.String() == op {
			return o
		}
	}
	t.Fatalf("no %s in %+v", op, ops)
	return history.Operation{}
}

func TestAcquireThatEndsBadlyGivesNoHold(t *testing.T) {
	for _, err := range []error{lock.ErrDefinite, errBroken} {
		play(t, func(s *stage) {
			s.lock.acquireErr = err
			if hold := s.Acquire(s.ctx, workloads.Round{Key: "k0"}); hold != nil {
				t.Errorf("%+v after %v", hold, err)
			}
		})
	}
}

// Only its context limits the wait for a lock.
func TestAcquireWaitsLongerThanARequest(t *testing.T) {
	play(t, func(s *stage) {
		s.lock.after = 10 * requestTimeout
		hold := s.acquire()
		if hold.Name != "k0" || hold.Client != 3 || hold.Token != 1 || hold.Key != "locks/k0/a" {
			t.Errorf("hold %+v", hold)
		}
		acquire := s.wantTold("p0 acquire ok").Ops[0]
		if acquire.ID() != hold.ID || acquire.Client != 3 || acquire.Key != "k0" || acquire.Token != 1 ||
			acquire.Lease != 99 || acquire.Note != "locks/k0/a" {
			t.Errorf("recorded %+v of hold %d", acquire, hold.ID)
		}
		if took := acquire.ReturnAt - acquire.CallAt; took != s.lock.after {
			t.Errorf("recorded a wait of %v, want %v", took, s.lock.after)
		}
	})
}

func TestReleaseThatIsNotAnsweredIsUnknown(t *testing.T) {
	play(t, func(s *stage) {
		s.lock.mute = true
		hold := s.acquire()
		s.Release(s.ctx, hold)
		release := s.wantTold("p0 acquire ok", "p0 release unknown").Ops[1]
		if release.Hold != hold.ID || release.Token != hold.Token || release.Key != "k0" {
			t.Errorf("recorded %+v, want that of hold %d", release, hold.ID)
		}
		if took := release.ReturnAt - release.CallAt; took != requestTimeout {
			t.Errorf("given up after %v, want %v", took, requestTimeout)
		}
	})
}

// A pause is over before the process does, and records, anything.
func TestPausedProcessBeginsNothing(t *testing.T) {
	const pause = 7 * time.Second
	play(t, func(s *stage) {
		s.step = func(context.Context) bool { time.Sleep(pause); return true }
		s.Release(s.ctx, s.acquire())
		ops := s.wantTold("p0 acquire ok", "p0 release ok").Ops
		if ops[0].CallAt != pause || ops[1].CallAt != 3*pause {
			t.Errorf("acquire at %v, release at %v; want after one pause and three of %v", ops[0].CallAt, ops[1].CallAt, pause)
		}
	})
}

// Times since the beginning of the stay, which is to last 1 s; 0: never. A pause begins during the
// stay and is met at its end, at the gate.
//
//	0        1 s       2 s       3 s       ...   9 s
//	|- stay -|- busy ------------|- gate --------|
func TestStay(t *testing.T) {
	const gate = 9 * time.Second
	for name, tc := range map[string]struct {
		lost, busy, cancelled time.Duration
		endlessly             bool // busy
		stopped               bool
		want                  bool
		until                 time.Duration
	}{
		"nothing happens":              {want: true, until: time.Second},
		"busy":                         {busy: 3 * time.Second, want: true, until: 3 * time.Second},
		"busy for less than the stay":  {busy: time.Second / 2, want: true, until: time.Second},
		"lost":                         {lost: time.Second / 2, until: time.Second / 2},
		"lost later":                   {lost: 2 * time.Second, want: true, until: time.Second},
		"lost while busy":              {lost: 2 * time.Second, endlessly: true, until: 2 * time.Second},
		"lost before busy":             {lost: time.Second / 2, endlessly: true, until: time.Second / 2},
		"stopped":                      {stopped: true, want: true, until: gate},
		"lost, but stopped":            {lost: time.Second / 2, stopped: true, want: true, until: gate},
		"lost while busy, but stopped": {lost: 2 * time.Second, endlessly: true, stopped: true, want: true, until: gate},
		"the context ends":             {cancelled: time.Second / 2, want: true, until: time.Second / 2},
		"the context ends while busy":  {cancelled: 2 * time.Second, endlessly: true, want: true, until: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				hold := s.acquire()
				ctx, cancel := context.WithCancel(s.ctx)
				defer cancel()
				after(tc.lost, func() { close(s.lock.lost) })
				after(tc.cancelled, cancel)
				s.busy = closedAfter(tc.busy, tc.endlessly)
				began := time.Now()
				if tc.stopped {
					s.step = func(context.Context) bool { time.Sleep(time.Until(began.Add(gate))); return true }
				}
				if got := s.Stay(ctx, hold, time.Second); got != tc.want {
					t.Errorf("believes in its hold: %t, want %t", got, tc.want)
				}
				if until := time.Since(began); until != tc.until {
					t.Errorf("stayed for %v, want %v", until, tc.until)
				}
				if len(s.entered) != 1 || s.entered[0] != hold {
					t.Errorf("entered with %v, want the hold once", s.entered)
				}
				s.wantLost(hold, !tc.want)
			})
		})
	}
}

func after(d time.Duration, do func()) {
	if d > 0 {
		time.AfterFunc(d, do)
	}
}

func closedAfter(d time.Duration, endlessly bool) <-chan struct{} {
	if d == 0 && !endlessly {
		return nil
	}
	done := make(chan struct{})
	after(d, func() { close(done) })
	return done
}

func (s *stage) wantLost(hold *workloads.Hold, want bool) {
	s.t.Helper()
	if !want {
		s.wantTold("p0 acquire ok")
		return
	}
	for _, e := range s.wantTold("p0 acquire ok", "p0 lost").Infos {
		if e.Op == history.Lost && (e.Hold != hold.ID || e.Client != 3 || e.Key != "k0" || e.Token != hold.Token) {
			s.t.Errorf("recorded %+v, want the loss of %+v", e, hold)
		}
	}
}

// Were it left to chance which of two things a process sees, it would act on a loss in half of the
// cases: each is tried until chance would have shown.
func TestLossIsSeenWhateverElseIsReady(t *testing.T) {
	for name, ready := range map[string]func(*stage) (context.Context, time.Duration){
		"end of the stay": func(s *stage) (context.Context, time.Duration) {
			close(s.lock.lost)
			return s.ctx, 0
		},
		"end of the context": func(s *stage) (context.Context, time.Duration) {
			close(s.lock.lost)
			ctx, cancel := context.WithCancel(s.ctx)
			cancel()
			return ctx, time.Second
		},
		"end of being busy": func(s *stage) (context.Context, time.Duration) {
			s.Busy = func() <-chan struct{} { close(s.lock.lost); return s.lock.lost }
			return s.ctx, time.Second
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 32 {
				play(t, func(s *stage) {
					hold := s.acquire()
					ctx, stay := ready(s)
					if s.Stay(ctx, hold, stay) {
						t.Error("a loss was not seen")
					}
				})
			}
		})
	}
}

func TestLockThatNeverTellsIsBelievedIn(t *testing.T) {
	play(t, func(s *stage) {
		s.lock.lost = nil
		if !s.Stay(s.ctx, s.acquire(), time.Second) {
			t.Error("lost what nobody said was lost")
		}
	})
}

// What the nemesis does to a holder is done before the holder takes another step.
func TestStayBeginsWhenEnteredReturns(t *testing.T) {
	play(t, func(s *stage) {
		s.Entered = func(context.Context, *workloads.Hold) { time.Sleep(5 * time.Second); close(s.lock.lost) }
		if s.Stay(s.ctx, s.acquire(), time.Second) {
			t.Error("the loss was not seen")
		}
	})
}

// Who is told of a release is told before its request leaves, and of how it ended.
func TestReleasingIsToldOfARelease(t *testing.T) {
	for _, err := range []error{nil, lock.ErrNotHeld} {
		play(t, func(s *stage) {
			hold := s.acquire()
			var told []error
			open := false
			s.lock.releaseErr = err
			hold.Hold.Release = func(ctx context.Context) error {
				if !open {
					t.Error("the request left before anybody was told")
				}
				return s.lock.release(ctx)
			}
			s.Releasing = func(h *workloads.Hold) func(error) {
				open = h == hold
				return func(err error) { told = append(told, err) }
			}
			s.Release(s.ctx, hold)
			if !slices.Equal(told, []error{err}) {
				t.Errorf("told of %v, want %v", told, err)
			}
		})
	}
}

// A process that does not look goes on after its lock was lost, and writes.
func TestObliviousProcessStays(t *testing.T) {
	play(t, func(s *stage) {
		s.Oblivious = true
		hold := s.acquire()
		close(s.lock.lost)
		if !s.Stay(s.ctx, hold, time.Second) {
			t.Error("it looked")
		}
		s.wantTold("p0 acquire ok")
	})
}
