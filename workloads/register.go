package workloads

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"lockquake/checker/history"
	"lockquake/workloads/lock"
)

// Resource is what a lock protects: a text for each key, read and written as a whole.
type Resource interface {
	// Read gives the text, empty before the first write, and the position, in the resource's own order, at
	// which it was read. hold is nil for a reader without a lock. Errors are those of Write.
	Read(ctx context.Context, key string, hold *Hold) (text string, pos int64, err error)
	// Write replaces the text. An error that wraps ErrRefused says that a fenced resource refused
	// the hold; after an error that does not wrap lock.ErrDefinite the text may have been written.
	Write(ctx context.Context, key string, hold *Hold, text string) (pos int64, err error)
}

// ErrRefused is wrapped by the error of a read or write that a fenced resource did not accept.
var ErrRefused = fmt.Errorf("refused: %w", lock.ErrDefinite)

// Register reads a register, holds the lock for a while, and writes a new value that names the one
// it replaces: so each lost update is seen by itself, and who lost it.
type Register struct {
	resource Resource
	set      bool // what was read is kept
	values   atomic.Int64
}

// NewRegister makes the workload for a resource.
func NewRegister(r Resource) *Register { return &Register{resource: r} }

// NewSet makes the workload of Jepsen's lock-set test: each round adds an element to a set, by reading all of it
// and writing all of it. It is judged as a register, whose values are the elements: each is behind those that it was
// added to.
func NewSet(r Resource) *Register { return &Register{resource: r, set: true} }

// Turn is acquire, read, stay, write, release.
func (r *Register) Turn(ctx context.Context, p *Process, round Round) bool {
	hold := p.Acquire(ctx, round)
	if hold == nil {
		return false
	}
	defer p.Release(ctx, hold)
	text, err := r.read(ctx, p, round.Key, hold)
	if err == nil && p.Stay(ctx, hold, round.Stay) {
		r.write(ctx, p, round.Key, hold, text)
	}
	return true
}

// Last reads the register a last time. Where the lock cannot be had, it is read all the same.
func (r *Register) Last(ctx context.Context, p *Process, key string, patience time.Duration) {
	hold := again(ctx, p, key, patience)
	if hold != nil {
		defer p.Release(ctx, hold)
	}
	_, _ = r.read(ctx, p, key, hold) // whether it could be read is in the history
}

func (r *Register) read(ctx context.Context, p *Process, key string, hold *Hold) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.RequestTimeout)
	defer cancel()
	call := p.invoke(p.event(history.Read, key, hold))
	text, pos, err := r.resource.Read(ctx, key, hold)
	value := int64(0)
	if err == nil {
		value, err = newest(text)
	}
	p.returned(call, err, history.Event{Value: value, Pos: pos})
	return text, err
}

func (r *Register) write(ctx context.Context, p *Process, key string, hold *Hold, text string) {
	ctx, cancel := context.WithTimeout(ctx, p.RequestTimeout)
	defer cancel()
	e := p.event(history.Write, key, hold)
	e.Prev, _ = newest(text) // it was read
	e.Value = r.values.Add(1)
	call := p.invoke(e)
	pos, err := r.resource.Write(ctx, key, hold, r.with(text, e.Value))
	p.returned(call, err, history.Event{Pos: pos})
}

// with is what replaces a text.
func (r *Register) with(text string, value int64) string {
	added := strconv.FormatInt(value, 10)
	if r.set && text != "" {
		return text + "," + added
	}
	return added
}

// newest is the value that was written last, 0 where there is none.
func newest(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	value, err := strconv.ParseInt(text[strings.LastIndexByte(text, ',')+1:], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %.40q: %w", text, err)
	}
	return value, nil
}
