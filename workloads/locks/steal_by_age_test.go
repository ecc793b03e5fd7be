package locks

import (
	"slices"
	"testing"
	"time"

	"lockquake/workloads/lock"
)

// a: |acquire ok|-- hold, its lease alive -----------
// b:       |acquire ... a TTL long ... ok|-- hold --
func TestStealByAgeTakesTheLockFromItsHolder(t *testing.T) {
	b := newBed(t)
	env := func(client, name string) lock.Env {
		e := b.env(client)
		e.TTL, e.Name = 2*time.Second, name
		return e
	}
	first := b.acquire(b.open(soundSingle, env("a", lockName)))
	b.acquire(b.open(soundSingle, env("a", "locks/other")))
	patient := b.acquiring(b.ctx, b.open(soundSingle, env("c", "locks/other"))) // the twin waits for the other lock
	second := b.acquire(b.open(StealByAge, env("b", lockName)))
	if second.Token <= first.Token {
		b.Errorf("token %d after %d", second.Token, first.Token)
	}
	if left := b.leases(); !slices.Contains(left, first.Lease) {
		b.Errorf("leases %x are left, want %x to be alive", left, first.Lease)
	}
	select {
	case got := <-patient:
		b.Errorf("the other waiter got %+v", got)
	default:
	}
}

// A lock that changes hands is not old.
func TestStealByAgeSuspectsOneKeyOnly(t *testing.T) {
	b := newBed(t)
	env := b.env("b")
	env.TTL = 0 // any age is too old
	s := new(suspicion)
	for range 2 {
		hold := b.acquire(b.open(soundSingle, b.env("a")))
		if _, err := s.claim(b.ctx, env, 0); err == nil {
			b.Error("claimed what was taken")
		}
		b.wantKeys(1)
		if err := hold.Release(b.ctx); err != nil {
			b.Error(err)
		}
	}
}
