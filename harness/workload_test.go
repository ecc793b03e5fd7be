package harness

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lockquake/checker/history"
	"lockquake/harness/nemesis"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

func contend() workloads.Kind {
	return workloads.Kind{New: func(workloads.Resource) workloads.Workload { return workloads.Contend{} }}
}

func handoff() workloads.Kind {
	return workloads.Kind{New: func(workloads.Resource) workloads.Workload { return workloads.Handoff{} }}
}

// A second of 10 acquires that take 50 ms each is half of what the lock can do; 40 are twice that.
func TestOpenLoopAsksWhenAcquiresAreDue(t *testing.T) {
	for rate, overloaded := range map[float64]bool{10: false, 40: true} {
		synctest.Test(t, func(t *testing.T) {
			s := settings()
			s.Rate, s.Keys = rate, 1
			cell := Draw(7, trials(s, scenarios[0])).Cells[0]
			h, err := play(t.Context(), t, &fakeCluster{}, cell, Parts{Strategy: newFakeLock().strategy, Workload: contend()})
			if err != nil {
				t.Fatal(err)
			}
			acquires := ops(h, history.Acquire)
			var latest time.Duration
			for _, o := range acquires[:len(acquires)-1] { // the last one is of the end
				due := time.Duration(o.Value)
				if due == 0 || due > o.CallAt {
					t.Errorf("invoked at %v, due at %v", o.CallAt, due)
				}
				latest = max(latest, o.CallAt-due)
			}
			left := stopOf(t, h).Value
			if overloaded != (left > 20) || overloaded != (latest > time.Second) {
				t.Errorf("at %v a second %d acquires are left over, one came %v late", rate, left, latest)
			}
		})
	}
}

func stopOf(t *testing.T, h history.History) history.Observation {
	t.Helper()
	for _, e := range h.Infos {
		if e.Op == history.Stop {
			return e
		}
	}
	t.Fatal("the workload never began to wind down")
	return history.Observation{}
}

func TestArrivalsBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings()
		s.Keys = 1
		cell := Draw(7, trials(s, scenarios[0])).Cells[0]
		cell.Arrivals = []time.Duration{100 * time.Millisecond, time.Second}
		h, err := play(t.Context(), t, &fakeCluster{}, cell, Parts{Strategy: newFakeLock().strategy, Workload: contend()})
		if err != nil {
			t.Fatal(err)
		}
		var due []time.Duration
		for _, o := range ops(h, history.Acquire) {
			if o.Value > 0 {
				due = append(due, time.Duration(o.Value-ops(h, history.Acquire)[0].Value))
			}
		}
		if len(due) < 6 || due[2] != time.Second || due[3] != 1900*time.Millisecond || due[4] != 2*time.Second {
			t.Errorf("due at %v from the first on", due)
		}
	})
}

// queueLock is a fakeLock that can get in line again, and counts who is there without waiting.
type queueLock struct {
	*fakeLock
	mu      sync.Mutex
	inLine  map[string]bool // clients
	visited int
}

type queueHandle struct {
	*queueLock
	client string
}

func (l *queueLock) strategy(_ context.Context, env lock.Env) (lock.Lock, error) {
	return queueHandle{l, env.ClientID}, nil
}

func (h queueHandle) Acquire(ctx context.Context) (lock.Hold, error) {
	h.mu.Lock()
	h.inLine[h.client] = false
	h.mu.Unlock()
	return h.fakeLock.Acquire(ctx)
}

func (h queueHandle) Requeue(ctx context.Context, hold lock.Hold) error {
	h.mu.Lock()
	h.inLine[h.client] = true
	h.visited++
	h.mu.Unlock()
	return hold.Release(ctx)
}

// Whoever got in line with its release comes for its place, also when the workload winds down.
func TestNobodyStaysInLineAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settings()
		s.Keys, s.Duration = 1, 100*time.Millisecond
		cell := Draw(7, trials(s, scenarios[0])).Cells[0]
		l := &queueLock{fakeLock: newFakeLock(), inLine: map[string]bool{}}
		l.took = time.Millisecond
		h, err := play(t.Context(), t, &fakeCluster{}, cell, Parts{Strategy: l.strategy, Workload: handoff()})
		if err != nil {
			t.Fatal(err)
		}
		for client, waits := range l.inLine {
			if waits {
				t.Errorf("%s is still in line", client)
			}
		}
		queued := 0
		for _, o := range ops(h, history.Acquire) {
			if o.Mode == history.Queued {
				queued++
			}
		}
		if queued == 0 || queued != l.visited {
			t.Errorf("%d of %d places in line were taken", queued, l.visited)
		}
	})
}

// A workload that needs more than a lock can do must say so, and not go on without.
func TestLockWithoutAnAbilityFailsTheCell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kind := workloads.Kind{
			New:   func(r workloads.Resource) workloads.Workload { return workloads.NewReadersWriter(r) },
			Needs: lock.Shares,
		}
		cell := Draw(7, trials(settings(), scenarios[0])).Cells[0]
		cell.Workload = "readers-writer"
		_, err := play(t.Context(), t, &fakeCluster{}, cell, Parts{Strategy: newFakeLock().strategy, Workload: kind})
		if err == nil || !strings.Contains(err.Error(), "workload readers-writer needs the abilities shared") {
			t.Errorf("error %v", err)
		}
	})
}

// program is a fakeLock in a process of its own.
type program struct {
	*fakeLock
	mu   sync.Mutex
	told []string
}

func (p *program) tell(what string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, what)
	return nil
}

func (p *program) strategy(context.Context, lock.Env) (lock.Lock, error) { return p, nil }
func (p *program) Pause() error                                          { return p.tell("pause") }
func (p *program) Resume() error                                         { return p.tell("resume") }
func (p *program) Kill() error                                           { return p.tell("kill") }

// Each client has a program for each of two keys.
func TestWhatBefallsAClientBefallsItsProgram(t *testing.T) {
	for want, fault := range map[string]nemesis.Fault{"pause pause resume resume": pauseOnly{}, "kill kill": &crashOnly{}} {
		synctest.Test(t, func(t *testing.T) {
			p := &program{fakeLock: newFakeLock()}
			p.leased = time.Second
			if _, err := carry(t.Context(), t, &fakeCluster{}, p.strategy, fault); err != nil {
				t.Fatal(err)
			}
			if told := strings.Join(p.told, " "); !strings.HasPrefix(told, want) {
				t.Errorf("the program was told %q, want %q", told, want)
			}
		})
	}
}

// A busy machine does not answer a grant in time, now and then. What is surely without effect is tried again.
func TestLockThatCouldNotBeOpenedIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		times int
		want  string // empty: it opens
	}{
		"twice":      {lock.ErrDefinite, 2, ""},
		"for ever":   {lock.ErrDefinite, 1 << 20, "open k0 for c"},
		"indefinite": {errors.New("lost"), 1, "lost"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var failed atomic.Int64
			l := newFakeLock()
			open := func(ctx context.Context, env lock.Env) (lock.Lock, error) {
				if failed.Add(1) <= int64(c.times) {
					return nil, c.err
				}
				return l.strategy(ctx, env)
			}
			_, err := carry(t.Context(), t, &fakeCluster{}, open, nil)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want %q", name, err, c.want)
			}
		})
	}
}
