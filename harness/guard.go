package harness

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"lockquake/workloads/lock"
)

// opening is how long a strategy may take to open a lock, be its context ended or not, and for how long one is tried
// that could not be opened.
const opening = 15 * time.Second

// opened is the lock that a strategy opens. One that does not come to an end is helped by the end of its client.
func opened(ctx context.Context, open lock.Strategy, env lock.Env, closeClient func() error) (lock.Lock, error) {
	type answer struct {
		lock lock.Lock
		err  error
	}
	answers := make(chan answer, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var a answer
		if err := guarded(func() { a.lock, a.err = open(ctx, env) }); err != nil {
			a.err = err
		}
		answers <- a
	}()
	if !within(done, opening) {
		err := fmt.Errorf("the strategy did not return within %v", opening)
		return nil, errors.Join(err, closeClient())
	}
	a := <-answers
	if a.lock == nil && a.err == nil {
		return nil, errors.New("the strategy gave neither a lock nor an error")
	}
	return a.lock, a.err
}

// guarded makes a panic of a strategy an error: lockquake lives on, and heals.
func guarded(do func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the strategy panicked: %v\n%s", p, debug.Stack())
		}
	}()
	do()
	return nil
}
