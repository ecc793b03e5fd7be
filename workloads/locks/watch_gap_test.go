package locks

import (
	"context"
	"testing"

	"lockquake/workloads/lock"
)

// releasedUnseen is a waiter whose predecessor releases after the waiter has read that it is there, and before
// it watches. It is given up once it watches.
func releasedUnseen(b *bed, strategy lock.Strategy) (from int64, got answer) {
	hold := b.acquire(b.open(strategy, b.env("a")))
	env := b.env("b")
	watched := make(chan int64, 1)
	hooked{
		got: func() (lost bool) {
			if err := hold.Release(b.ctx); err != nil {
				b.Error(err)
			}
			return false
		},
		watched: func(from int64) { watched <- from },
	}.into(env.Client)
	ctx, cancel := context.WithCancel(b.ctx)
	waiting := b.acquiring(ctx, b.open(strategy, env))
	from = receive(b, "the waiter's watch", watched)
	if from == 0 {
		cancel()
	}
	defer cancel()
	return from, receive(b, "the waiter", waiting)
}

// a: |acquire ok|-- hold --|release|
// b:       |acquire: reads             watches ........
func TestWatchGapMissesADelete(t *testing.T) {
	b := newBed(t)
	from, got := releasedUnseen(b, WatchGap)
	if from != 0 || got.err == nil {
		b.Errorf("watched from revision %d: %+v, want it from now on, and in vain", from, got)
	}
}

func TestSoundQueueMissesNothing(t *testing.T) {
	b := newBed(t)
	from, got := releasedUnseen(b, soundQueue)
	if from == 0 || got.err != nil {
		b.Errorf("watched from revision %d: %+v, want it from the read on, and acquired", from, got)
	}
}
