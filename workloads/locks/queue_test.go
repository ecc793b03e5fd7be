package locks

import (
	"context"

	"lockquake/workloads/lock"
)

// soundQueue and soundSingle are what the broken ones are built on, with no step wrong: their twins.
func soundQueue(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &queueLock{sessions{env: env}, awaitOlder}, nil
}

func soundSingle(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &single{sessions{env: env}, claim}, nil
}

// wantWaits wants a client to get in line behind others and to stay there: so many keys there are then.
func (b *bed) wantWaits(l lock.Lock, keys int) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	waiting := b.acquiring(ctx, l)
	b.await("the waiter's key", func() bool { return len(b.keys()) == keys })
	cancel()
	if got := receive(b, "the waiter", waiting); got.err == nil {
		b.Errorf("acquired %+v, want it to wait", got.hold)
	}
}
