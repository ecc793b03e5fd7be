package workloads_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"lockquake/checker/history"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

const stay = 50 * time.Millisecond

func TestEachWriteNamesTheValueItReplaces(t *testing.T) {
	play(t, func(s *stage) {
		r := workloads.NewRegister(&workloads.Memory{})
		for range 2 {
			if !r.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay}) {
				t.Error("not acquired")
			}
		}
		h := s.wantTold(
			"p0 acquire ok", "p0 read 0 ok", "p0 write 1 over 0 ok", "p0 release ok",
			"p0 acquire ok", "p0 read 1 ok", "p0 write 2 over 1 ok", "p0 release ok")
		for i, o := range h.Ops {
			acquire := h.Ops[i/4*4]
			if o.Hold != acquire.ID() || o.Token != acquire.Token || o.Client != 3 || o.Key != "k0" {
				t.Errorf("recorded %+v, want it under %+v", o, acquire)
			}
		}
		if h.Ops[1].Pos != 1 || h.Ops[2].Pos != 2 || h.Ops[5].Pos != 3 || h.Ops[6].Pos != 4 {
			t.Errorf("positions are not those of the resource: %+v", h.Ops)
		}
	})
}

// A value names its write: no other key, and no other process, writes it again.
func TestNoValueIsWrittenTwice(t *testing.T) {
	play(t, func(s *stage) {
		r := workloads.NewRegister(&workloads.Memory{})
		r.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay})
		r.Turn(s.ctx, s.Process, workloads.Round{Key: "k1", Stay: stay})
		s.wantTold("p0 acquire ok", "p0 read 0 ok", "p0 write 1 over 0 ok", "p0 release ok",
			"p0 acquire ok", "p0 read 0 ok", "p0 write 2 over 0 ok", "p0 release ok")
	})
}

func TestTurnThatDoesNotAcquireDoesNothingElse(t *testing.T) {
	for want, err := range map[string]error{
		"p0 acquire fail":    lock.ErrDefinite,
		"p0 acquire unknown": errBroken,
	} {
		play(t, func(s *stage) {
			s.lock.acquireErr = err
			r := workloads.NewRegister(&workloads.Memory{})
			if r.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay}) {
				t.Errorf("acquired in spite of %v", err)
			}
			s.wantTold(want)
			if len(s.entered) != 0 {
				t.Error("entered a critical section without the lock")
			}
		})
	}
}

// The loss comes when the process has read. It acts on it unless it is stopped between the look and
// the act.
func TestWriteAfterLost(t *testing.T) {
	for name, tc := range map[string]struct {
		stopped bool
		want    []string
	}{
		"goes on": {false, []string{"p0 acquire ok", "p0 read 0 ok", "p0 lost", "p0 release fail"}},
		"stopped": {true, []string{"p0 acquire ok", "p0 read 0 ok", "p0 write 1 over 0 ok", "p0 release fail"}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				s.Entered = func(context.Context, *workloads.Hold) { close(s.lock.lost) }
				s.step = func(context.Context) bool { return tc.stopped }
				s.lock.releaseErr = lock.ErrNotHeld
				workloads.NewRegister(&workloads.Memory{}).Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay})
				s.wantTold(tc.want...)
			})
		})
	}
}

func TestTurnThatReadsNothingWritesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want []string
	}{
		"refused": {workloads.ErrRefused, []string{"p0 acquire ok", "p0 read fail", "p0 release ok"}},
		"unknown": {errBroken, []string{"p0 acquire ok", "p0 read unknown", "p1 release ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				r := workloads.NewRegister(&fakeResource{readErr: tc.err})
				if !r.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay}) {
					t.Error("the lock was acquired, whatever came then")
				}
				s.wantTold(tc.want...)
				if len(s.entered) != 0 {
					t.Error("stayed with nothing read")
				}
			})
		})
	}
}

func TestRefusedWriteHasNoEffectAndIsReleased(t *testing.T) {
	play(t, func(s *stage) {
		m := &workloads.Memory{Fenced: true}
		s.Entered = func(ctx context.Context, _ *workloads.Hold) {
			if _, err := m.Write(ctx, "k0", holding(9), "77"); err != nil {
				t.Error(err)
			}
		}
		workloads.NewRegister(m).Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay})
		h := s.wantTold("p0 acquire ok", "p0 read 0 ok", "p0 write 1 over 0 fail", "p0 release ok")
		if got := h.Ops[2].Error; got != "token 1 after 9: refused: no effect" {
			t.Errorf("refused with %q", got)
		}
	})
}

func TestRequestsToTheResourceHaveADeadline(t *testing.T) {
	play(t, func(s *stage) {
		resource := &fakeResource{mute: true}
		r := workloads.NewRegister(resource)
		r.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay})
		resource.mute = false
		s.Entered = func(context.Context, *workloads.Hold) { resource.mute = true }
		r.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay})
		h := s.wantTold("p0 acquire ok", "p0 read unknown", "p1 release ok",
			"p1 acquire ok", "p1 read 0 ok", "p1 write 1 over 0 unknown", "p2 release ok")
		for _, o := range []history.Operation{h.Ops[1], h.Ops[5]} {
			if took := o.ReturnAt - o.CallAt; took != requestTimeout {
				t.Errorf("%s given up after %v, want %v", o.Op, took, requestTimeout)
			}
		}
	})
}

func TestLastReadsUnderTheLock(t *testing.T) {
	play(t, func(s *stage) {
		s.lock.after = 4 * time.Second
		r := workloads.NewRegister(&fakeResource{text: "5"})
		r.Last(s.ctx, s.Process, "k0", 5*time.Second)
		h := s.wantTold("p0 acquire ok", "p0 read 5 ok", "p0 release ok")
		if read := h.Ops[1]; read.Hold != h.Ops[0].ID() || read.Token != 1 {
			t.Errorf("read as %+v, want it under the lock", read)
		}
	})
}

// A lock that says no once may say yes later: compaction, for one, ends waits.
func TestLastTriesAgain(t *testing.T) {
	play(t, func(s *stage) {
		s.lock.refusals = 2
		r := workloads.NewRegister(&fakeResource{text: "5"})
		r.Last(s.ctx, s.Process, "k0", 5*time.Second)
		s.wantTold("p0 acquire fail", "p0 acquire fail", "p0 acquire ok", "p0 read 5 ok", "p0 release ok")
	})
}

func TestLastReadsAlsoWithoutTheLock(t *testing.T) {
	play(t, func(s *stage) {
		s.lock.after = 6 * time.Second
		r := workloads.NewRegister(&fakeResource{text: "5"})
		r.Last(s.ctx, s.Process, "k0", 5*time.Second)
		h := s.wantTold("p0 acquire unknown", "p1 read 5 ok")
		if waited := h.Ops[0].ReturnAt - h.Ops[0].CallAt; waited != 5*time.Second {
			t.Errorf("waited for %v, want 5s", waited)
		}
		if read := h.Ops[1]; read.Hold != 0 || read.Token != 0 || read.Client != 3 {
			t.Errorf("read as %+v, want it without a hold", read)
		}
	})
}

func TestSetKeepsWhatItRead(t *testing.T) {
	for name, tc := range map[string]struct {
		make func(workloads.Resource) *workloads.Register
		want string
	}{
		"set":      {workloads.NewSet, "1,2,3"},
		"register": {workloads.NewRegister, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				resource := &fakeResource{}
				w := tc.make(resource)
				for range 3 {
					w.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay})
				}
				if resource.text != tc.want {
					t.Errorf("stored %q, want %q", resource.text, tc.want)
				}
				writes := s.history().Ops
				if last := writes[len(writes)-2]; last.Value != 3 || last.Prev != 2 {
					t.Errorf("recorded %+v, want 3 over 2", last)
				}
			})
		})
	}
}

// A stranger's text is no value: it must not pass for a read of 0.
func TestTextThatIsNoNumberIsAnError(t *testing.T) {
	play(t, func(s *stage) {
		w := workloads.NewRegister(&fakeResource{text: "seven"})
		w.Turn(s.ctx, s.Process, workloads.Round{Key: "k0", Stay: stay})
		h := s.wantTold("p0 acquire ok", "p0 read unknown", "p1 release ok")
		if got := h.Ops[1].Error; got != `read "seven": strconv.ParseInt: parsing "seven": invalid syntax` {
			t.Errorf("error %q", got)
		}
	})
}

// A refusal is surely without effect: else each would retire a process.
func TestRefusalIsDefinite(t *testing.T) {
	if !errors.Is(workloads.ErrRefused, lock.ErrDefinite) {
		t.Error("a refused write may have been written")
	}
}
