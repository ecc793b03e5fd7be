package locks

import (
	"errors"
	"testing"

	"lockquake/workloads/lock"
)

// trying are those that can be tried for.
func trying() []named {
	return []named{{"mutex-trylock", MutexTryLock}, {"stm", STM}, {"leaderelection", soon(LeaderElection)}}
}

// a: |acquire ok|-- hold --|release|
// b:    |try: taken|                 |try ok|
func TestTryFailsAtOnceOrHasTheLock(t *testing.T) {
	each(t, trying(), func(b *bed, strategy lock.Strategy) {
		hold := b.acquire(b.open(strategy, b.env("a")))
		held := len(b.keys())
		other := b.open(strategy, b.env("b")).(lock.Trier)
		if _, err := other.TryAcquire(b.ctx); !errors.Is(err, lock.ErrTaken) {
			b.Errorf("try: %v, want taken", err)
		}
		b.wantKeys(held)
		if err := hold.Release(b.ctx); err != nil {
			b.Fatal(err)
		}
		next, err := other.TryAcquire(b.ctx)
		if err != nil || next.Token <= hold.Token {
			b.Errorf("try of a free lock: %+v, %v, want a greater token than %d", next, err, hold.Token)
		}
	})
}

// A try that has not deleted its key yet looks like a holder.
//
// a: |acquire ok|-- hold --|release|
// b:        |try: puts its key, ........... deletes it|
// c:                                  |try: taken|
func TestFailingTryIsAPhantomOwner(t *testing.T) {
	b := newBed(t)
	hold := b.acquire(b.open(MutexTryLock, b.env("a")))
	env := b.env("b")
	server := mute{KV: env.Client.KV, asked: make(chan struct{}, 1)}
	env.Client.KV = server
	trier := b.open(MutexTryLock, env).(lock.Trier)
	tried := make(chan error, 1)
	go func() { _, err := trier.TryAcquire(b.ctx); tried <- err }()
	receive(b, "the try's delete", server.asked)
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	third := b.open(MutexTryLock, b.env("c"))
	if _, err := third.(lock.Trier).TryAcquire(b.ctx); !errors.Is(err, lock.ErrTaken) {
		b.Errorf("try: %v, want taken by a try that fails", err)
	}
	// The delete gets no answer, so the session is ended and frees the lock.
	b.wantDefinite(receive(b, "the try that fails", tried), true)
	b.acquire(third)
}
