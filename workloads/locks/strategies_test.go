package locks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"lockquake/workloads/lock"
)

type named struct {
	name     string
	strategy lock.Strategy
}

// sound are those that keep an acquire's key under a lease of etcd.
func sound() []named {
	return []named{
		{"tutorial", Tutorial},
		{"tutorial-reentrant", TutorialReentrant},
		{"tutorial-guarded", TutorialGuarded},
		{"mutex", Mutex},
		{"mutex-trylock", MutexTryLock},
		{"mutex-reentrant", MutexReentrant},
		{"mutex-norecheck", MutexNoRecheck},
		{"fastqueue", FastQueue},
		{"fastqueue-cohort", FastQueueCohort},
		{"locker", Locker},
		{"election", Election},
		{"v3lock", V3Lock},
		{"rwmutex", RWMutex},
		{"stm", STM},
		{"semaphore", Semaphore},
	}
}

// leaseless are those whose holds only the clients' clocks end.
func leaseless() []named { return []named{{"leaderelection", soon(LeaderElection)}} }

// soon gives a strategy a short TTL, because it is by this that it retries.
func soon(strategy lock.Strategy) lock.Strategy {
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		env.TTL = 2 * time.Second
		return strategy(ctx, env)
	}
}

func broken() []named {
	return []named{{"none", None}, {"delete-by-name", DeleteByName}}
}

// each tests strategies side by side, because the tests mostly wait.
func each(t *testing.T, strategies []named, test func(b *bed, strategy lock.Strategy)) {
	t.Helper()
	leaveNothing(t)
	const together = 4
	var tests errgroup.Group
	tests.SetLimit(together)
	for _, s := range strategies {
		tests.Go(func() error {
			t.Run(s.name, func(t *testing.T) { test(newBedBeside(t), s.strategy) })
			return nil
		})
	}
	_ = tests.Wait() // each failed its own test
}

// eachAlone tests strategies one after the other, where goroutines are counted.
func eachAlone(t *testing.T, strategies []named, test func(b *bed, strategy lock.Strategy)) {
	t.Helper()
	for _, s := range strategies {
		t.Run(s.name, func(t *testing.T) { test(newBed(t), s.strategy) })
	}
}

// crowd counts who is inside the lock.
type crowd struct {
	mu     sync.Mutex
	inside int
	most   int
	tokens []int64 // in the order of the acquires' returns
}

func (c *crowd) enter(token int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside++
	c.most = max(c.most, c.inside)
	c.tokens = append(c.tokens, token)
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside--
}

// visit goes through the lock so many times, and stays 20 ms each time.
func (c *crowd) visit(ctx context.Context, l lock.Lock, times int) error {
	for range times {
		hold, err := l.Acquire(ctx)
		for errors.Is(err, lock.ErrDefinite) && ctx.Err() == nil {
			hold, err = l.Acquire(ctx) // a request took too long, on a busy machine
		}
		if err != nil {
			return fmt.Errorf("acquire: %w", err)
		}
		c.enter(hold.Token)
		err = pause(ctx, 20*time.Millisecond)
		c.leave()
		if err != nil {
			return err
		}
		// A lock that was stolen is what the broken ones are about.
		if err := hold.Release(ctx); err != nil && !errors.Is(err, lock.ErrNotHeld) {
			return fmt.Errorf("release: %w", err)
		}
	}
	return nil
}

func contend(b *bed, strategy lock.Strategy) *crowd {
	b.Helper()
	c := &crowd{}
	var visitors errgroup.Group
	for i := range 5 {
		l := b.open(strategy, b.env(fmt.Sprintf("c%d", i)))
		visitors.Go(func() error { return errors.Join(c.visit(b.ctx, l, 5), l.Close()) })
	}
	if err := visitors.Wait(); err != nil {
		b.Fatal(err)
	}
	return c
}

// c0: |acquire ok|-- hold --|release|
// c1: |acquire ...................ok|-- hold --|release|
func TestFiveClientsExcludeEachOther(t *testing.T) {
	each(t, slices.Concat(sound(), leaseless()), func(b *bed, strategy lock.Strategy) {
		c := contend(b, strategy)
		if c.most != 1 {
			b.Errorf("%d clients were inside at once, want 1", c.most)
		}
		if ordered := slices.Compact(slices.Clone(c.tokens)); len(ordered) != 25 || !slices.IsSorted(ordered) {
			b.Errorf("tokens %v: each must be greater than the one before", c.tokens)
		}
	})
}

func TestReleaseLeavesNoKey(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		l := b.open(strategy, b.env("a"))
		for range 2 {
			hold := b.acquire(l)
			b.wantKeys(1)
			if err := hold.Release(b.ctx); err != nil {
				b.Error(err)
			}
			b.wantKeys(0)
		}
	})
}

// c0: |acquire ok|-- hold --|release|
// c1:   |acquire ok|-- hold --|release|
func TestBrokenLocksDoNotExclude(t *testing.T) {
	each(t, broken(), func(b *bed, strategy lock.Strategy) {
		if c := contend(b, strategy); c.most < 2 {
			b.Errorf("never more than %d client inside, want an overlap", c.most)
		}
		b.wantKeys(0)
	})
}

// The waiter gives up with an answer to everything that it asked, so it knows that it has nothing.
func TestCancelledWaitIsDefiniteAndLeavesNoKey(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		holder, waiter := b.open(strategy, b.env("holder")), b.open(strategy, b.env("waiter"))
		hold := b.acquire(holder)
		ctx, cancel := context.WithCancel(b.ctx)
		waiting := b.acquiring(ctx, waiter)
		b.otherLease(hold.Lease)
		cancel()
		b.wantDefinite(receive(b, "the cancelled acquire", waiting).err, true)
		b.wantKeys(1)
	})
}

// The Txn commits, its reply is lost: the key must not stay under a lease that is kept alive (hazard
// ambiguous-acquire). Once the lease is revoked the outcome is known after all.
func TestAcquireWithoutAnswerIsSettledByRevoking(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		_, err := b.open(strategy, b.env("a", new(unanswered).option())).Acquire(b.ctx)
		b.wantDefinite(err, true)
		b.wantKeys(0)
	})
}

// The twin: where the revoke gets no answer either, the key is there and nobody may say otherwise.
func TestAcquireWithoutAnswerIsUnknownIfRevokingIs(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		env := b.env("a", new(unanswered).option())
		l := b.open(strategy, env)
		env.Client.Lease = mute{Lease: env.Client.Lease}
		_, err := l.Acquire(b.ctx)
		b.wantDefinite(err, false)
		b.wantKeys(1)
	})
}

func TestAcquireAfterTheEndIsDefinite(t *testing.T) {
	each(t, slices.Concat(sound(), leaseless(), broken()), func(b *bed, strategy lock.Strategy) {
		l := b.open(strategy, b.env("a"))
		ended, cancel := context.WithCancel(b.ctx)
		cancel()
		_, err := l.Acquire(ended)
		b.wantDefinite(err, true)
		b.wantKeys(0)
	})
}

func TestCloseWhileHoldingLeavesNothing(t *testing.T) {
	eachAlone(t, sound(), func(b *bed, strategy lock.Strategy) {
		env := b.env("a")
		b.renew(env.Client)
		before := goleak.IgnoreCurrent()
		l := b.open(strategy, env)
		b.acquire(l)
		b.wantKeys(1)
		if err := l.Close(); err != nil {
			b.Error(err)
		}
		b.wantKeys(0)
		if left := b.leases(); len(left) != 0 {
			b.Errorf("leases %x are left", left)
		}
		goleak.VerifyNone(b, append(ofServers(), before)...)
	})
}

// A harness closes the client first where the client was "killed": no lock may then hang.
func TestCloseAfterTheClientWasClosedReturns(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		env := b.env("a")
		l := b.open(strategy, env)
		b.acquire(l)
		_ = env.Client.Close()
		if err := l.Close(); err == nil {
			b.Error("close says that it revoked a lease without a client")
		}
		b.wantKeys(1)
	})
}

func TestCloseReturnsWhereTheRevokeGetsNoAnswer(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		env := b.env("a")
		l := b.open(strategy, env)
		b.acquire(l)
		env.Client.Lease = mute{Lease: env.Client.Lease}
		closed := make(chan error, 1)
		go func() { closed <- l.Close() }()
		if err := receive(b, "close", closed); !errors.Is(err, context.DeadlineExceeded) {
			b.Errorf("close: %v, want that the revoke timed out", err)
		}
	})
}

func TestAcquireReturnsWhenTheClientIsClosed(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		hold := b.acquire(b.open(strategy, b.env("holder")))
		env := b.env("waiter")
		waiting := b.acquiring(b.ctx, b.open(strategy, env))
		b.otherLease(hold.Lease)
		_ = env.Client.Close()
		if got := receive(b, "the acquire of the closed client", waiting); got.err == nil {
			b.Error("acquired with a closed client")
		}
	})
}

// careful are those whose release deletes nothing but their own key.
func careful() []named {
	return slices.DeleteFunc(sound(), func(s named) bool { return s.name == "tutorial" || s.name == "tutorial-reentrant" })
}

// A stale release deletes a key that nobody else has, however the holder learned nothing.
//
// a: |acquire ok|-- hold, its lease is revoked ----------|release|
// b:                                 |acquire ok|-- hold --------- (its key stays)
func TestStaleReleaseIsHarmless(t *testing.T) {
	each(t, careful(), func(b *bed, strategy lock.Strategy) {
		stale := b.acquire(b.open(strategy, b.env("a")))
		b.revoke(stale.Lease)
		next := b.acquire(b.open(strategy, b.env("b")))
		if err := stale.Release(b.ctx); err != nil && !errors.Is(err, lock.ErrNotHeld) {
			b.Error(err)
		}
		if keys := b.keys(); !slices.Equal(keys, []string{next.Key}) {
			b.Errorf("keys %v, want only %s", keys, next.Key)
		}
	})
}

// a: |acquire ok|-- hold --|release|            |release again|
// a:                               |acquire ok|-- hold ------------- (its key stays)
func TestSecondReleaseSparesTheNextHold(t *testing.T) {
	isByName := func(s named) bool {
		return slices.ContainsFunc(byName(), func(n named) bool { return n.name == s.name })
	}
	each(t, slices.DeleteFunc(careful(), isByName), func(b *bed, strategy lock.Strategy) {
		l := b.open(strategy, b.env("a"))
		first := b.acquire(l)
		if err := first.Release(b.ctx); err != nil {
			b.Fatal(err)
		}
		b.acquire(l)
		if err := first.Release(b.ctx); err != nil && !errors.Is(err, lock.ErrNotHeld) {
			b.Errorf("second release: %v, want nil or not held", err)
		}
		b.wantKeys(1)
	})
}

// byName are those whose release deletes by a name that later holds of the session have, too (etcd-22082).
func byName() []named { return []named{{"mutex-norecheck", MutexNoRecheck}, {"v3lock", V3Lock}} }

// The bad twin.
func TestSecondReleaseByNameFreesTheNextHold(t *testing.T) {
	each(t, byName(), func(b *bed, strategy lock.Strategy) {
		l := b.open(strategy, b.env("a"))
		first := b.acquire(l)
		if err := first.Release(b.ctx); err != nil {
			b.Fatal(err)
		}
		b.acquire(l)
		if err := first.Release(b.ctx); err != nil {
			b.Errorf("second release: %v, want that it deletes a key", err)
		}
		b.wantKeys(0)
	})
}

// a: |acquire ok|-- hold --|release|
// b:    |acquire .............. ok|-- hold
func TestHoldTellsItsKey(t *testing.T) {
	each(t, sound(), func(b *bed, strategy lock.Strategy) {
		first := b.acquire(b.open(strategy, b.env("a")))
		b.wantHeld(first)
		waiting := b.acquiring(b.ctx, b.open(strategy, b.env("b")))
		b.otherLease(first.Lease)
		if err := first.Release(b.ctx); err != nil {
			b.Fatal(err)
		}
		b.wantHeld(receive(b, "the waiter", waiting).hold)
	})
}

// wantHeld checks what a hold says against what etcd has.
func (b *bed) wantHeld(hold lock.Hold) {
	b.Helper()
	resp, err := b.outside.Get(b.ctx, hold.Key)
	if err != nil || len(resp.Kvs) != 1 {
		b.Fatalf("get %s: %v, %v", hold.Key, resp, err)
	}
	kv := resp.Kvs[0]
	if kv.CreateRevision != hold.Token || clientv3.LeaseID(kv.Lease) != hold.Lease {
		b.Errorf("etcd has %v, the hold says %+v", kv, hold)
	}
}

// The twin, whose holds tell nothing, is TestTutorialNeverTellsThatTheLockIsLost.
func TestHolderLearnsThatItsLeaseIsGone(t *testing.T) {
	// fastqueue's next acquire asks for the old lease once more, and fails.
	telling := slices.DeleteFunc(careful(), func(s named) bool { return s.name == "tutorial-guarded" || s.name == "fastqueue" })
	each(t, telling, func(b *bed, strategy lock.Strategy) {
		l := b.open(soon(strategy), b.env("a")) // the next renewal, which is refused, comes within a third of it
		hold := b.acquire(l)
		select {
		case <-hold.Lost:
			b.Fatal("lost at once")
		default:
		}
		b.revoke(hold.Lease)
		receive(b, "lost", hold.Lost)
		if again := b.acquire(l); again.Lease == hold.Lease || again.Token <= hold.Token {
			b.Errorf("acquired %+v after %+v, want a new lease and a greater token", again, hold)
		}
	})
}

// waiterWithoutLease is a waiter whose lease is revoked while it waits for hold a, which is then
// released, so that b's key is the only one that could be left.
func waiterWithoutLease(b *bed, strategy lock.Strategy) (lock.Lock, answer) {
	hold := b.acquire(b.open(strategy, b.env("a")))
	l := b.open(strategy, b.env("b"))
	waiting := b.acquiring(b.ctx, l)
	b.await("the waiter's key", func() bool { return len(b.keys()) == 2 })
	b.revoke(b.otherLease(hold.Lease))
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	return l, receive(b, "the waiter", waiting)
}

// rechecked are those that queue, and whose waiters look at their own key when their turn comes.
func rechecked() []named {
	return []named{{"mutex", Mutex}, {"mutex-reentrant", MutexReentrant}, {"locker", Locker}, {"v3lock", V3Lock}, {"semaphore", Semaphore}}
}

func TestWaiterWithoutLeaseFailsDefinitely(t *testing.T) {
	each(t, rechecked(), func(b *bed, strategy lock.Strategy) {
		l, got := waiterWithoutLease(b, strategy)
		b.wantDefinite(got.err, true)
		if got.err == nil || !strings.Contains(got.err.Error(), "session is expired") {
			b.Errorf("waiter: %v, want that its session expired", got.err)
		}
		b.acquire(l) // with a new session
	})
}
