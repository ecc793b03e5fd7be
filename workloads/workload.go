package workloads

import (
	"context"
	"time"

	"lockquake/workloads/lock"
)

// Workload is what clients do with a lock, one round after the other. Processes share it.
type Workload interface {
	// Turn is one round of one process. It tells whether the lock was acquired.
	Turn(context.Context, *Process, Round) bool
	// Last acquires the lock of a key once more, trying again for as long as patience, and reads what has become of
	// the resource, if there is one.
	Last(ctx context.Context, p *Process, key string, patience time.Duration)
}

// Kind is a workload as a catalogue has it.
type Kind struct {
	New func(Resource) Workload
	// Needs are the abilities that a lock must have.
	Needs lock.Abilities
	// Writes tells that the resource is used. Then one writer at a time is all that a lock may let in.
	Writes bool
	// Readers is the share of rounds that only read.
	Readers float64
	// Keys is how many there are where nobody says how many; 0: one.
	Keys int
}

// Round is one turn.
type Round struct {
	Key    string
	Stay   time.Duration // in the critical section
	Shared bool          // as a reader
	Due    time.Duration // open loop: when it should have begun, since the history's start; 0: now
	// Again tells whether the client means to acquire the key again at once.
	Again func() bool
}

// again acquires the lock of a key, trying again for as long as patience; nil: it could not be had.
func again(ctx context.Context, p *Process, key string, patience time.Duration) *Hold {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	hold := p.Acquire(ctx, Round{Key: key})
	for hold == nil && pause(ctx) {
		hold = p.Acquire(ctx, Round{Key: key})
	}
	return hold
}

// pause is before another try; false: there is no time for one.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(20 * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// idle is the end of workloads that protect nothing.
type idle struct{}

func (idle) Last(ctx context.Context, p *Process, key string, patience time.Duration) {
	if hold := again(ctx, p, key, patience); hold != nil {
		p.Release(ctx, hold)
	}
}
