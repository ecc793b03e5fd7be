package locks

import (
	"context"
	"errors"
	"testing"

	"lockquake/workloads/lock"
)

func TestPanicWithAnErrorIsCaught(t *testing.T) {
	if err := caught(func() { panic(context.Canceled) }); !errors.Is(err, context.Canceled) {
		t.Errorf("caught %v, want what it panicked with", err)
	}
	if err := caught(func() {}); err != nil {
		t.Errorf("caught %v of a call that returned", err)
	}
}

func TestPanicWithoutAnErrorIsNotCaught(t *testing.T) {
	defer func() {
		if reason := recover(); reason != "a bug" {
			t.Errorf("panicked with %v", reason)
		}
	}()
	_ = caught(func() { panic("a bug") })
	t.Error("a bug was passed over")
}

// What was walked away from has nothing when its turn comes, and stands in nobody's way.
//
// a: |acquire ok|-- hold -------------|release|
// b:    |acquire ... walks away|
// c:                                             |acquire ok|-- hold
func TestWhoWalkedAwayIsNotWaitedFor(t *testing.T) {
	each(t, []named{{"locker", Locker}, {"rwmutex", RWMutex}}, func(b *bed, strategy lock.Strategy) {
		hold := b.acquire(b.open(strategy, b.env("a")))
		ctx, cancel := context.WithCancel(b.ctx)
		waiting := b.acquiring(ctx, b.open(strategy, b.env("b")))
		b.await("the waiter's key", func() bool { return len(b.keys()) == 2 })
		cancel()
		b.wantDefinite(receive(b, "the walk away", waiting).err, true)
		if err := hold.Release(b.ctx); err != nil {
			b.Error(err)
		}
		b.acquire(b.open(strategy, b.env("c")))
		b.wantKeys(1)
	})
}
