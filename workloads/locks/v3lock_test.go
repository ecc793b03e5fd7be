package locks

import (
	"testing"

	"lockquake/workloads/lock"
)

// waitThroughARestart is a waiter whose member is killed and restarted while it waits.
func waitThroughARestart(b *bed, strategy lock.Strategy) (hold lock.Hold, waiting <-chan answer) {
	b.Helper()
	hold = b.acquire(b.open(strategy, b.env("a")))
	waiting = b.acquiring(b.ctx, b.open(strategy, b.env("b")))
	b.await("the waiter's key", func() bool { return len(b.keys()) == 2 })
	if err := b.cluster.Kill(0); err != nil {
		b.Fatal(err)
	}
	if err := b.cluster.Restart(b.ctx, 0); err != nil {
		b.Fatal(err)
	}
	return hold, waiting
}

// The member waits in the client's place, so the wait dies with it.
//
// a: |acquire ok|-- hold -------------------------
// b:    |acquire ... its member restarts ... error|
func TestV3LockWaitDiesWithItsMember(t *testing.T) {
	b := newBed(t)
	_, waiting := waitThroughARestart(b, V3Lock)
	if got := receive(b, "the waiter", waiting); got.err == nil {
		b.Errorf("the waiter acquired %+v beside the holder", got.hold)
	}
}

// The twin, whose clients wait themselves.
func TestMutexWaitOutlivesAMember(t *testing.T) {
	b := newBed(t)
	hold, waiting := waitThroughARestart(b, Mutex)
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if got := receive(b, "the waiter", waiting); got.err != nil || got.hold.Token <= hold.Token {
		b.Errorf("waiter: %+v, want a greater token than %d", got, hold.Token)
	}
}
