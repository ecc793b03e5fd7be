package locks

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// A stale release deletes a key that nobody else has, however the holder learned nothing.
//
// a: |acquire ok|-- hold, its lease is revoked ----------|release|
// b:                                 |acquire ok|-- hold --------- (its key stays)
func TestMutexStaleReleaseIsHarmless(t *testing.T) {
	for _, s := range []named{{"mutex", Mutex}, {"mutex-norecheck", MutexNoRecheck}} {
		t.Run(s.name, func(t *testing.T) {
			b := newBed(t)
			stale := b.acquire(b.open(s.strategy, b.env("a")))
			b.revoke(stale.Lease)
			next := b.acquire(b.open(s.strategy, b.env("b")))
			if err := stale.Release(b.ctx); err != nil && !errors.Is(err, lock.ErrNotHeld) {
				b.Error(err)
			}
			if keys := b.keys(); !slices.Equal(keys, []string{next.Key}) {
				b.Errorf("keys %v, want only %s", keys, next.Key)
			}
		})
	}
}

func TestMutexTellsWhatItHolds(t *testing.T) {
	for _, s := range []named{{"mutex", Mutex}, {"mutex-norecheck", MutexNoRecheck}} {
		t.Run(s.name, func(t *testing.T) {
			b := newBed(t)
			hold := b.acquire(b.open(s.strategy, b.env("a")))
			resp, err := b.outside.Get(b.ctx, hold.Key)
			if err != nil || len(resp.Kvs) != 1 {
				b.Fatalf("get %s: %v, %v", hold.Key, resp, err)
			}
			kv := resp.Kvs[0]
			if kv.CreateRevision != hold.Token || clientv3.LeaseID(kv.Lease) != hold.Lease {
				b.Errorf("etcd has %v, the hold says %+v", kv, hold)
			}
		})
	}
}

func TestMutexLearnsThatItsLeaseIsGone(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	env.TTL = 2 * time.Second // the next renewal, which is refused, comes within a third of it
	l := b.open(Mutex, env)
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

func TestMutexWaiterWithoutLeaseFailsDefinitely(t *testing.T) {
	b := newBed(t)
	l, got := waiterWithoutLease(b, Mutex)
	b.wantDefinite(got.err, true)
	if !errors.Is(got.err, concurrency.ErrSessionExpired) {
		b.Errorf("waiter: %v, want that its session expired", got.err)
	}
	b.acquire(l) // with a new session
}

// The Delete lands, its reply is lost: the next acquire must not share the key's name with it, since
// a late or repeated Delete would then free it (etcd-22082).
func TestMutexUnlockWithoutAnswerEndsTheSession(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	kv := &lossy{KV: env.Client.KV}
	env.Client.KV = kv
	l := b.open(Mutex, env)
	hold := b.acquire(l)
	kv.deletes = true
	if err := hold.Release(b.ctx); err != nil {
		b.Errorf("release: %v, want nil: its lease was revoked", err)
	}
	kv.deletes = false
	if again := b.acquire(l); again.Key == hold.Key {
		b.Errorf("key %s is used again", again.Key)
	}
}

func TestMutexUnlockWithAnswerKeepsTheSession(t *testing.T) {
	b := newBed(t)
	l := b.open(Mutex, b.env("a"))
	hold := b.acquire(l)
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if again := b.acquire(l); again.Lease != hold.Lease {
		b.Error("a new session for no reason")
	}
}

// a: |acquire ok|-- hold --|release|            |release again|
// a:                               |acquire ok|-- hold ------------- (its key stays)
func TestMutexSecondReleaseSparesTheNextHold(t *testing.T) {
	b := newBed(t)
	l := b.open(Mutex, b.env("a"))
	first := b.acquire(l)
	if err := first.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	b.acquire(l)
	if err := first.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("second release: %v, want not held", err)
	}
	b.wantKeys(1)
}

// Lock's clean-up hangs on the client's context, whatever the caller's says (etcd-18082); what is
// promised is that closing the client ends it.
func TestMutexCleanupEndsWithTheClient(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(Mutex, b.env("a")))
	env := b.env("b")
	server := mute{KV: env.Client.KV, asked: make(chan struct{}, 1), looked: make(chan struct{}, 1)}
	env.Client.KV = server
	ctx, cancel := context.WithCancel(b.ctx)
	waiting := b.acquiring(ctx, b.open(Mutex, env))
	receive(b, "the waiter's look for its predecessor", server.looked)
	cancel()
	receive(b, "the clean-up", server.asked)
	select {
	case got := <-waiting:
		b.Errorf("acquire returned %v before its clean-up did", got.err)
	default:
	}
	_ = env.Client.Close()
	b.wantDefinite(receive(b, "the acquire", waiting).err, false)
}
