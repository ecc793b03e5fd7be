package harness

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"lockquake/checker/history"
	"lockquake/harness/nemesis"
	"lockquake/workloads/lock"
)

func TestMain(m *testing.M) {
	serveBenched()
	goleak.VerifyTestMain(m)
}

func TestRunRecordsTurnsAndLastReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := carry(t.Context(), t, &fakeCluster{}, newFakeLock().strategy, nil)
		if err != nil {
			t.Fatal(err)
		}
		holds := h.Holds()
		if len(holds) < 20 {
			t.Errorf("%d holds in 3.5 s of 50 ms each", len(holds))
		}
		for i := 1; i < len(holds); i++ {
			if holds[i-1].End > holds[i].Start {
				t.Errorf("holds %+v and %+v overlap", holds[i-1], holds[i])
			}
		}
		reads := ops(h, history.Read)
		last := reads[len(reads)-2:]
		if last[0].Key != "k0" || last[1].Key != "k1" || last[0].Client != 5 {
			t.Errorf("the last reads are %+v, want one a key by a client of its own", last)
		}
		if closes := ops(h, history.Close); len(closes) != 12 {
			t.Errorf("%d sessions closed, want 6 clients x 2 keys", len(closes))
		}
	})
}

func TestEveryInjectionIsHealedAndItsEvidenceRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := &fakeFault{evidence: nemesis.Evidence{Observed: true, What: "seen"}}
		h, err := carry(t.Context(), t, &fakeCluster{}, newFakeLock().strategy, fault)
		if err != nil || fault.injected == 0 || fault.injected != fault.healed {
			t.Fatalf("%d injected, %d healed: %v", fault.injected, fault.healed, err)
		}
		for _, in := range h.Injections() {
			if !in.Observed() || in.Heal.Note != "seen" || in.Inject.Note != "nobody" || in.Inject.Fault != "fake" {
				t.Errorf("recorded as %+v", in)
			}
		}
		if n := len(h.Injections()); n != fault.injected {
			t.Errorf("%d injections recorded of %d", n, fault.injected)
		}
	})
}

func TestInjectionWithoutEvidenceIsNotObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := carry(t.Context(), t, &fakeCluster{}, newFakeLock().strategy, &fakeFault{})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range h.Injections() {
			if in.Observed() {
				t.Errorf("no evidence was recorded as %+v", in)
			}
		}
	})
}

func TestInjectionThatFailsIsRecordedAndNotHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := &fakeFault{injectErr: errors.New("no leader")}
		h, err := carry(t.Context(), t, &fakeCluster{}, newFakeLock().strategy, fault)
		if err != nil || fault.healed != 0 {
			t.Fatalf("%d healed: %v", fault.healed, err)
		}
		in := h.Injections()
		if len(in) == 0 || in[0].Inject.Outcome != history.Unknown || in[0].Inject.Error != "no leader" {
			t.Errorf("recorded as %+v", in)
		}
	})
}

func TestHarnessFailures(t *testing.T) {
	for want, tc := range map[string]struct {
		cluster *fakeCluster
		fault   nemesis.Fault
	}{
		"heal fake: stuck":                  {&fakeCluster{}, &fakeFault{helErr: errors.New("stuck")}},
		"the cluster is not healthy":        {&fakeCluster{sick: errors.New("m1 is silent")}, nil},
		"after the last heal: m1 is silent": {&fakeCluster{sick: errors.New("m1 is silent")}, &fakeFault{}},
	} {
		synctest.Test(t, func(t *testing.T) {
			if _, err := carry(t.Context(), t, tc.cluster, newFakeLock().strategy, tc.fault); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

// Ctrl-C in the midst of an injection: it is healed, the register is read, the history is whole.
func TestInterruptedRunHealsAndReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		fault := &longFault{fakeFault{evidence: nemesis.Evidence{Observed: true}}}
		h, err := carry(ctx, t, &fakeCluster{}, newFakeLock().strategy, fault)
		if err != nil {
			t.Fatal(err)
		}
		in := h.Injections()
		if len(in) != 1 || !in[0].Observed() || in[0].End() > 2200*time.Millisecond {
			t.Errorf("injections %+v, want one that was healed at the interruption", in)
		}
		if reads := ops(h, history.Read); len(reads) == 0 || reads[len(reads)-1].Client != 5 {
			t.Errorf("no last read: %s", names(reads))
		}
	})
}

// Who presses Ctrl-C waits for nobody who waits in vain, and the history says so; without it they get their time.
func TestInterruptedRunDoesNotWaitForWaiters(t *testing.T) {
	const never = time.Hour
	for name, c := range map[string]struct {
		interruption time.Duration
		settled      bool // the waiters had their time
	}{"interrupted": {time.Second, false}, "interrupted while they settle": {5 * time.Second, false}, "not interrupted": {never, true}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.interruption)
			defer cancel()
			l := newFakeLock()
			<-l.turn // nobody ever gets it
			began := time.Now()
			h, err := carry(ctx, t, &fakeCluster{}, l.strategy, nil)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 10*time.Second != c.settled {
				t.Errorf("%s: took %v", name, took)
			}
			told := slices.ContainsFunc(h.Infos, func(o history.Observation) bool { return o.Op == history.Stop && o.Note == "interrupted" })
			if told == c.settled {
				t.Errorf("%s: the history tells of an interruption: %t", name, told)
			}
		})
	}
}

type longFault struct{ fakeFault }

func (*longFault) Lasts(time.Duration) time.Duration { return 2 * time.Second }

// A lock that never returns must not keep the run, and is named.
func TestLockThatIgnoresItsContextIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLock()
		l.deaf = true
		<-l.turn // nobody ever gets it
		_, err := carry(t.Context(), t, &fakeCluster{}, l.strategy, nil)
		if err == nil || !strings.Contains(err.Error(), "strategy mutex: a call did not return") {
			t.Errorf("%v", err)
		}
		l.turn <- struct{}{} // let the abandoned processes end
	})
}

// A Close that returns only when its client is closed is no reason to hang.
func TestLockThatClosesWithItsClientIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeCluster{}
		l := &clinging{fakeLock: newFakeLock(), cluster: f}
		if _, err := carry(t.Context(), t, f, l.strategy, nil); err != nil {
			t.Error(err)
		}
	})
}

// clinging is a lock that closes when the clients are.
type clinging struct {
	*fakeLock
	cluster *fakeCluster
}

func (c *clinging) strategy(context.Context, lock.Env) (lock.Lock, error) { return c, nil }

func (c *clinging) Close() error {
	for open := true; open; time.Sleep(time.Second) {
		c.cluster.mu.Lock()
		open = c.cluster.open > 1 // the control client outlives the others
		c.cluster.mu.Unlock()
	}
	return nil
}

// A waiter that only its context ends is recorded as unknown.
func TestWaiterWithoutAnEndIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLock()
		<-l.turn
		h, err := carry(t.Context(), t, &fakeCluster{}, l.strategy, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range ops(h, history.Acquire) {
			if o.Outcome != history.Unknown {
				t.Errorf("%+v, want unknown", o)
			}
		}
	})
}

// c stands still from the injection to the heal, then goes on and writes.
func TestPausedHolderTakesNoStepUntilItIsHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := carry(t.Context(), t, &fakeCluster{}, newFakeLock().strategy, pauseOnly{})
		if err != nil {
			t.Fatal(err)
		}
		in := h.Injections()[0]
		if !in.Observed() {
			t.Fatalf("the pause left no evidence: %+v", in)
		}
		victim, steps := struck(h, in)
		if steps != 0 {
			t.Errorf("process %d invoked %d operations while it was paused", victim, steps)
		}
		for _, o := range h.Ops {
			if o.Op == history.Write && o.Process == victim && o.Call > in.Heal.Call {
				return
			}
		}
		t.Errorf("process %d did not write after its pause", victim)
	})
}

// struck finds who acquired just before the injection, and counts what it invoked until the heal.
func struck(h history.History, in history.Injection) (victim int32, steps int) {
	for _, o := range ops(h, history.Acquire) {
		if o.Return < in.Inject.Call {
			victim = o.Process
		}
	}
	for _, o := range h.Ops {
		if o.Process == victim && o.Call > in.Inject.Return && o.Call < in.Heal.Call {
			steps++
		}
	}
	return victim, steps
}

// pauseOnly is PauseClient without leases.
type pauseOnly struct{}

func (pauseOnly) Requires() nemesis.Requirements    { return nemesis.Requirements{} }
func (pauseOnly) Lasts(time.Duration) time.Duration { return time.Second }
func (pauseOnly) Inject(_ context.Context, t nemesis.Target) (nemesis.Injected, error) {
	t.Clients.Pause(t.Victim.Client)
	return nemesis.Injected{To: t.Victim.String(), Heal: func(context.Context) (nemesis.Evidence, error) {
		return nemesis.Evidence{Observed: t.Clients.Resume(t.Victim.Client)}, nil
	}}, nil
}

// outage makes every acquire fail, for longer than the fault lasts.
type outage struct {
	*fakeLock
	until atomic.Int64
}

func (o *outage) strategy(context.Context, lock.Env) (lock.Lock, error) { return o, nil }

func (o *outage) Acquire(ctx context.Context) (lock.Hold, error) {
	hold, err := o.fakeLock.Acquire(ctx)
	if err == nil && time.Now().UnixNano() < o.until.Load() {
		return lock.Hold{}, errors.Join(lock.ErrDefinite, hold.Release(ctx))
	}
	return hold, err
}

func (o *outage) Lasts(time.Duration) time.Duration { return 2500 * time.Millisecond }

func (o *outage) Requires() nemesis.Requirements { return nemesis.Requirements{} }
func (o *outage) Inject(context.Context, nemesis.Target) (nemesis.Injected, error) {
	o.until.Store(time.Now().Add(8 * time.Second).UnixNano())
	return nemesis.Injected{Heal: func(context.Context) (nemesis.Evidence, error) {
		return nemesis.Evidence{Observed: true}, nil
	}}, nil
}

// The cell's duration is over before the outage is: the clients go on until somebody has come through.
func TestClientsLiveToSeeTheEndOfAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{fakeLock: newFakeLock()}
		h, err := carry(t.Context(), t, &fakeCluster{}, o.strategy, o)
		if err != nil {
			t.Fatal(err)
		}
		in := h.Injections()[0]
		for _, a := range ops(h, history.Acquire) {
			if a.Outcome == history.OK && a.Call > in.Heal.Return && a.Client < 5 {
				return
			}
		}
		t.Errorf("nobody acquired after the fault: %s", names(ops(h, history.Acquire)[:20]))
	})
}

// crashOnly crashes a holder, and brings it back when it is healed.
type crashOnly struct{ pauseOnly }

func (*crashOnly) Inject(_ context.Context, t nemesis.Target) (nemesis.Injected, error) {
	if err := t.Clients.Crash(t.Victim.Client); err != nil {
		return nemesis.Injected{}, err
	}
	return nemesis.Injected{To: t.Victim.String(), Heal: func(ctx context.Context) (nemesis.Evidence, error) {
		return nemesis.Evidence{Observed: true}, t.Clients.Restart(ctx, t.Victim.Client)
	}}, nil
}

// A crashed process does and records nothing more; its client comes back as another process.
func TestCrashedHolderIsGoneUntilItIsRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLock()
		l.leased = time.Second // or nobody could ever follow the one that crashed
		f := &fakeCluster{}
		h, err := carry(t.Context(), t, f, l.strategy, &crashOnly{})
		if err != nil {
			t.Fatal(err)
		}
		crashes := 0
		for _, e := range h.Infos {
			if e.Op != history.Crash {
				continue
			}
			crashes++
			if hold := h.Find(e.Hold); hold == nil || hold.Process != e.Process || hold.Key != e.Key {
				t.Errorf("crash %+v in the midst of %+v", e, hold)
			}
			wantReplaced(t, h, e)
		}
		if crashes == 0 || crashes != len(h.Injections()) || crashes != f.crashed {
			t.Errorf("%d crashes recorded of %d injections, %d clients crashed", crashes, len(h.Injections()), f.crashed)
		}
	})
}

func wantReplaced(t *testing.T, h history.History, crash history.Observation) {
	t.Helper()
	back := false
	for _, o := range h.Ops {
		if o.Process == crash.Process && (o.Call > crash.Seq || o.Return > crash.Seq && o.Return != history.Open) {
			t.Errorf("process %d crashed at %d, and then did %+v", crash.Process, crash.Seq, o)
		}
		back = back || o.Client == crash.Client && o.Call > crash.Seq
	}
	if !back {
		t.Errorf("c%d never came back", crash.Client)
	}
}

// A strategy that panics ends the run in order; lockquake lives.
func TestPanicOfAStrategyIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeLock()
		l.fragile = true
		fault := &longFault{fakeFault{evidence: nemesis.Evidence{Observed: true}}}
		began := time.Now()
		_, err := carry(t.Context(), t, &fakeCluster{}, l.strategy, fault)
		if err == nil || !strings.Contains(err.Error(), "the strategy panicked: out of order") {
			t.Errorf("%v, want the panic", err)
		}
		if fault.injected != fault.healed {
			t.Errorf("%d injected, %d healed", fault.injected, fault.healed)
		}
		if lasted := time.Since(began); lasted > settings().Duration+healing {
			t.Errorf("it took %v to end what could not be judged any more", lasted)
		}
	})
}

// What a strategy does wrong where it opens or closes a lock ends the run in order, too.
func TestLockThatCannotBeOpenedOrClosedEndsTheRun(t *testing.T) {
	for name, wrong := range map[string]struct {
		strategy lock.Strategy
		says     string
	}{
		"an error":       {func(context.Context, lock.Env) (lock.Lock, error) { return nil, errors.New("no keys left") }, ": no keys left"},
		"a panic":        {func(context.Context, lock.Env) (lock.Lock, error) { panic("no hands") }, ": the strategy panicked: no hands"},
		"nothing":        {func(context.Context, lock.Env) (lock.Lock, error) { return nil, nil }, "the strategy gave neither a lock nor an error"},
		"no end":         {func(context.Context, lock.Env) (lock.Lock, error) { time.Sleep(time.Hour); return nil, nil }, "the strategy did not return within 15s"},
		"a bad end":      {func(context.Context, lock.Env) (lock.Lock, error) { return badEnd{newFakeLock()}, nil }, "the strategy panicked: at last"},
		"no hold at all": {func(context.Context, lock.Env) (lock.Lock, error) { return noHold{newFakeLock()}, nil }, "the strategy panicked: runtime error: "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if _, err := carry(t.Context(), t, &fakeCluster{}, wrong.strategy, nil); err == nil || !strings.Contains(err.Error(), wrong.says) {
					t.Errorf("%v, want %q", err, wrong.says)
				}
				time.Sleep(time.Hour) // until nobody is left who sleeps
			})
		})
	}
}

type badEnd struct{ *fakeLock }

func (badEnd) Close() error { panic("at last") }

type noHold struct{ *fakeLock }

func (noHold) Acquire(context.Context) (lock.Hold, error) { return lock.Hold{}, nil }
