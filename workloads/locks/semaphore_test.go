package locks

import (
	"context"
	"testing"

	"lockquake/workloads/lock"
)

// permitting opens semaphores of so many permits.
func permitting(permits int) lock.Strategy {
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		env.Permits = permits
		return Semaphore(ctx, env)
	}
}

// a: |acquire ok|-- hold -----------|release|
// b:   |acquire ok|-- hold ----------------------
// c:      |acquire ........................ ok|--
func TestSemaphoreAdmitsExactlyItsPermits(t *testing.T) {
	b := newBed(t)
	strategy := permitting(2)
	l := b.open(strategy, b.env("a"))
	if permits := l.(lock.Semaphore).Permits(); permits != 2 {
		b.Errorf("%d permits, want 2", permits)
	}
	first := b.acquire(l)
	b.acquire(b.open(strategy, b.env("b")))
	third := b.acquiring(b.ctx, b.open(strategy, b.env("c")))
	b.await("the third key", func() bool { return len(b.keys()) == 3 })
	select {
	case <-third:
		b.Fatal("a third is in")
	default:
	}
	if err := first.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if got := receive(b, "the third", third); got.err != nil {
		b.Error(got.err)
	}
	b.wantKeys(2)
}

func TestSemaphoreIsUsedToItsPermits(t *testing.T) {
	b := newBed(t)
	if c := contend(b, permitting(3)); c.most != 3 {
		b.Errorf("%d clients inside at most, want 3", c.most)
	}
	b.wantKeys(0)
}

// Not the key just before the waiter's, but any of those before it may go first.
//
// a: |acquire ok|-- hold ----------------
// b:   |acquire ok|-- hold -----|release|
// c:      |acquire .............. ok|----
func TestSemaphoreWaiterIsServedByAnyRelease(t *testing.T) {
	for name, releases := range map[string]int{"the older": 0, "the newer": 1} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			strategy := permitting(2)
			holds := []lock.Hold{b.acquire(b.open(strategy, b.env("a"))), b.acquire(b.open(strategy, b.env("b")))}
			third := b.acquiring(b.ctx, b.open(strategy, b.env("c")))
			b.await("the third key", func() bool { return len(b.keys()) == 3 })
			if err := holds[releases].Release(b.ctx); err != nil {
				b.Fatal(err)
			}
			if got := receive(b, "the third", third); got.err != nil {
				b.Error(got.err)
			}
		})
	}
}
