package workloads

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"lockquake/checker/history"
	"lockquake/workloads/lock"
)

// Resource is a register that a lock protects: read, and written as a whole.
type Resource interface {
	// Read gives the value, 0 before the first write, and the position, in the resource's own order, at
	// which it was read. hold is nil for a reader without a lock. Errors are those of Write.
	Read(ctx context.Context, key string, hold *Hold) (value, pos int64, err error)
	// Write replaces the value. An error that wraps ErrRefused says that a fenced resource refused
	// the hold; after an error that does not wrap lock.ErrDefinite the value may have been written.
	Write(ctx context.Context, key string, hold *Hold, value int64) (pos int64, err error)
}

// ErrRefused is wrapped by the error of a read or write that a fenced resource did not accept.
var ErrRefused = fmt.Errorf("refused: %w", lock.ErrDefinite)

// Register reads a register, holds the lock for a while, and writes a new value that names the one
// it replaces: so each lost update is seen by itself, and who lost it.
type Register struct {
	Resource Resource

	values atomic.Int64
}

// Turn is one round of one process: acquire, read, stay, write, release. It tells whether the lock
// was acquired.
func (r *Register) Turn(ctx context.Context, p *Process, key string, stay time.Duration) bool {
	hold := p.Acquire(ctx, key)
	if hold == nil {
		return false
	}
	defer p.Release(ctx, hold)
	prev, err := r.read(ctx, p, key, hold)
	if err == nil && p.Stay(ctx, hold, stay) {
		r.write(ctx, p, key, hold, prev)
	}
	return true
}

// Last acquires the lock once more, trying again for as long as patience, and reads what has become of
// the register. Where the lock cannot be had, the register is read all the same.
func (r *Register) Last(ctx context.Context, p *Process, key string, patience time.Duration) {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	hold := p.Acquire(waiting, key)
	for hold == nil && pause(waiting) {
		hold = p.Acquire(waiting, key)
	}
	if hold != nil {
		defer p.Release(ctx, hold)
	}
	_, _ = r.read(ctx, p, key, hold) // whether it could be read is in the history
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

func (r *Register) read(ctx context.Context, p *Process, key string, hold *Hold) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, p.RequestTimeout)
	defer cancel()
	call := p.invoke(p.event(history.Read, key, hold))
	value, pos, err := r.Resource.Read(ctx, key, hold)
	p.returned(call, err, history.Event{Value: value, Pos: pos})
	return value, err
}

func (r *Register) write(ctx context.Context, p *Process, key string, hold *Hold, prev int64) {
	ctx, cancel := context.WithTimeout(ctx, p.RequestTimeout)
	defer cancel()
	e := p.event(history.Write, key, hold)
	e.Value, e.Prev = r.values.Add(1), prev
	call := p.invoke(e)
	pos, err := r.Resource.Write(ctx, key, hold, e.Value)
	p.returned(call, err, history.Event{Pos: pos})
}
