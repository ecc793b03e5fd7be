package locks

import (
	"errors"
	"testing"

	"lockquake/workloads/lock"
)

// releaseUnanswered loses the reply to a release, and lets the next one in before that is known.
func releaseUnanswered(b *bed, strategy lock.Strategy) error {
	next := b.open(soundSingle, b.env("b"))
	env := b.env("a")
	hold := b.acquire(b.open(strategy, env))
	overtake := func() (lost bool) { b.acquire(next); return true }
	hooked{committed: overtake, deleted: overtake}.into(env.Client)
	return hold.Release(b.ctx)
}

// a: |acquire ok|-- hold --|release: deletes,              deletes again, ok|
// b:                                      |acquire ok|-- hold ----------------- (no key)
func TestRetriedReleaseHitsTheNextHolder(t *testing.T) {
	b := newBed(t)
	if err := releaseUnanswered(b, RetriedRelease); err != nil {
		b.Error(err)
	}
	b.wantKeys(0)
}

func TestSoundReleaseSparesTheNextHolder(t *testing.T) {
	b := newBed(t)
	if err := releaseUnanswered(b, soundSingle); err != nil {
		b.Error(err)
	}
	b.wantKeys(1)
}

func TestRetriedReleaseGivesUp(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	hold := b.acquire(b.open(RetriedRelease, env))
	kv := &lossy{KV: env.Client.KV, deletes: true}
	env.Client.KV = kv
	if err := hold.Release(b.ctx); err != nil {
		b.Errorf("%v, want nil: its session was ended", err)
	}
	if err := hold.Release(b.ctx); errors.Is(err, lock.ErrDefinite) {
		b.Errorf("%v, want that it is not known", err)
	}
}
