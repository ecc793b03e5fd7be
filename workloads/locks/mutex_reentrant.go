package locks

import (
	"context"
	"fmt"

	"lockquake/workloads/lock"
)

// MutexReentrant is Mutex with a count of holds in the client, the sound twin of TutorialReentrant.
//
// Protocol: as Mutex. Whoever holds the lock gets a further hold without a request, as long as its session is
// not done; the last of them that is released releases the mutex.
//
// Requests and waiting are those of Mutex, for the first hold and the last release; none for the holds in
// between, which have the same token, key and lease.
//
// Hazards: Mutex's. That a further hold asks nobody makes it exactly as old as the first: where that one has
// outlived its lease unnoticed, so has it. It promises exclusive in calm, and nothing for an unfenced
// resource under faults.
func MutexReentrant(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &mutexReentrant{mutex: mutex{sessions{env: env}}})
}

type mutexReentrant struct {
	mutex
	term *term // nil: none yet
}

// term is the time from the first hold to the last release.
type term struct {
	first lock.Hold
	holds int
}

func (l *mutexReentrant) Acquire(ctx context.Context) (lock.Hold, error) {
	if l.holds() {
		return l.Reacquire(ctx)
	}
	first, err := l.mutex.Acquire(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	l.term = &term{first: first}
	return l.term.further(), nil
}

func (l *mutexReentrant) Reacquire(context.Context) (lock.Hold, error) {
	if !l.holds() {
		return lock.Hold{}, fmt.Errorf("acquire %s again: %w", l.env.Name, lock.ErrNotHeld)
	}
	return l.term.further(), nil
}

func (l *mutexReentrant) holds() bool {
	if l.term == nil || l.term.holds == 0 {
		return false
	}
	select {
	case <-l.term.first.Lost:
		return false
	default:
		return true
	}
}

func (t *term) further() lock.Hold {
	t.holds++
	hold, released := t.first, false
	hold.Release = func(ctx context.Context) error {
		if released {
			return lock.ErrNotHeld
		}
		released = true
		if t.holds--; t.holds > 0 {
			return nil
		}
		return t.first.Release(ctx)
	}
	return hold
}
