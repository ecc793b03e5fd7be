package locks

import (
	"slices"
	"testing"
	"time"

	"lockquake/workloads/lock"
)

// a: |acquire ok|-- hold ------------------------------
// b:   |acquire .................. ok|-- hold --          a's lease has ended
// c: |acquire ok|-- hold of another lock ---------------  its lease has not
func outlives(t *testing.T, strategy lock.Strategy) {
	b := newBed(t)
	env := func(client, name string) lock.Env {
		e := b.env(client)
		e.TTL, e.Name = 2*time.Second, name
		return e
	}
	kept := b.acquire(b.open(soundSingle, env("c", "locks/kept")))
	first := b.acquire(b.open(strategy, env("a", lockName)))
	second := b.acquire(b.open(soundSingle, env("b", lockName)))
	if second.Token <= first.Token {
		b.Errorf("token %d after %d", second.Token, first.Token)
	}
	if left := b.leases(); slices.Contains(left, first.Lease) || !slices.Contains(left, kept.Lease) {
		b.Errorf("leases %x are left, want %x to have ended and %x not", left, first.Lease, kept.Lease)
	}
	select {
	case <-first.Lost:
		b.Error("it says that the lock was lost")
	default:
	}
}

func TestNoKeepaliveOutlivesItsLease(t *testing.T) { outlives(t, NoKeepalive) }

func TestUnrenewedLocksExcludeUntilThen(t *testing.T) {
	for name, strategy := range map[string]lock.Strategy{"no-keepalive": NoKeepalive, "local-lease": LocalLease} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			first := b.acquire(b.open(strategy, b.env("a")))
			waiting := b.acquiring(b.ctx, b.open(strategy, b.env("b")))
			b.otherLease(first.Lease)
			if err := first.Release(b.ctx); err != nil {
				b.Error(err)
			}
			second := receive(b, "the waiter", waiting)
			if second.err != nil || second.hold.Token <= first.Token {
				b.Errorf("%+v after %+v", second, first)
			}
		})
	}
}
