// Package workloads holds what clients do with a lock, over and over, and the resource that the lock
// protects.
//
// A workload records each thing that it does, before and after, and decides nothing by chance: its
// choices come from the plan. It knows neither etcd's cluster nor faults, except that a step may
// take very long. Read workload.go next, then register.go for the workload that the judgements rest on.
package workloads

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"lockquake/checker/history"
	"lockquake/workloads/lock"
)

// Process is the actor of one client: it does one thing at a time. When an operation's outcome is
// unknown the process is retired, and the client goes on under a new number.
type Process struct {
	Recorder *history.Recorder
	Client   int32
	// Renumber gives a number that no process had before.
	Renumber func() int32
	// Lock is the client's handle on the lock of a key.
	Lock func(key string) lock.Lock
	// Step returns at once, or when a pause of the client is over, and tells whether there was one.
	Step func(context.Context) (stopped bool)
	// Alive is called before each thing that the process does. Once the process has crashed it does not
	// return, but ends the goroutine.
	Alive func()
	// Busy gives a channel that is closed when the process may leave its critical section; nil: now.
	Busy func() <-chan struct{}
	// Waiting is told of each acquire before its request leaves, and the func that it gives, of its end.
	Waiting func(key string) (answered func())
	// Entered is called in the critical section, between what the process has read and what it will do
	// with it.
	Entered func(context.Context, *Hold)
	// Leaving is called when the process has made up its mind to release.
	Leaving func(context.Context, *Hold)
	// Releasing is told of each release before its request leaves, and the func that it gives, of how it
	// ended.
	Releasing func(*Hold) (released func(error))
	// Oblivious processes never look whether their lock was lost.
	Oblivious bool
	// RequestTimeout limits each operation but the acquire, which waits for its context, and the
	// close, which has none.
	RequestTimeout time.Duration

	number  int32
	known   bool            // number may be used
	holding []*Hold         // the outermost first
	queued  map[string]bool // keys that it may have got in line for when it released them
}

// Hold is a lock as its process holds it.
type Hold struct {
	lock.Hold

	ID     history.OpID // the acquire
	Name   string       // the lock's key in the history
	Client int32
	Mode   history.Mode // Nested: it lies within another one
}

// event is the beginning of an event by this process about a hold; hold may be nil.
func (p *Process) event(op history.Op, key string, hold *Hold) history.Event {
	e := history.Event{Op: op, Process: p.id(), Client: p.Client, Key: key}
	if hold != nil {
		e.Hold, e.Token = hold.ID, hold.Token
	}
	return e
}

func (p *Process) id() int32 {
	if !p.known {
		p.number, p.known = p.Renumber(), true
	}
	return p.number
}

// Crashed is the event that tells of the process's end in the midst of what it did. It is asked for when
// the process does nothing any more.
func (p *Process) Crashed() history.Event {
	key := ""
	var outermost *Hold
	if len(p.holding) > 0 {
		outermost = p.holding[0]
		key = outermost.Name
	}
	return p.event(history.Crash, key, outermost)
}

// invoke records the beginning of a call.
func (p *Process) invoke(e history.Event) history.Call {
	p.Alive()
	return p.Recorder.Invoke(e)
}

// returned records the end of a call by the error that it ended with.
func (p *Process) returned(call history.Call, err error, e history.Event) history.Outcome {
	p.Alive()
	outcome := history.OK
	if err != nil {
		outcome = history.Unknown
		if errors.Is(err, lock.ErrDefinite) {
			outcome = history.Fail
		}
		e.Error = err.Error()
	}
	p.known = p.known && outcome != history.Unknown
	call.Return(outcome, e)
	return outcome
}

// Acquire waits for the lock of a key; nil: it was not acquired.
func (p *Process) Acquire(ctx context.Context, r Round) *Hold {
	l := p.Lock(r.Key)
	switch {
	case r.Shared:
		return p.acquire(ctx, r, history.Shared, l.(lock.Shared).AcquireShared)
	case p.queued[r.Key]:
		delete(p.queued, r.Key)
		return p.acquire(ctx, r, history.Queued, l.Acquire)
	}
	return p.acquire(ctx, r, history.Alone, l.Acquire)
}

// TryAcquire does not wait.
func (p *Process) TryAcquire(ctx context.Context, r Round) *Hold {
	ctx, cancel := context.WithTimeout(ctx, p.RequestTimeout)
	defer cancel()
	return p.acquire(ctx, r, history.Tried, p.Lock(r.Key).(lock.Trier).TryAcquire)
}

// Reacquire acquires once more what the process holds.
func (p *Process) Reacquire(ctx context.Context, outer *Hold) *Hold {
	ctx, cancel := context.WithTimeout(ctx, p.RequestTimeout)
	defer cancel()
	return p.acquire(ctx, Round{Key: outer.Name}, history.Nested, p.Lock(outer.Name).(lock.Reentrant).Reacquire)
}

func (p *Process) acquire(ctx context.Context, r Round, mode history.Mode, do func(context.Context) (lock.Hold, error)) *Hold {
	p.Step(ctx)
	begun := p.event(history.Acquire, r.Key, nil)
	begun.Mode, begun.Value = mode, int64(r.Due)
	call := p.invoke(begun)
	answered := func() {}
	if mode != history.Nested {
		answered = p.Waiting(r.Key)
	}
	held, err := do(ctx)
	answered()
	p.Step(ctx)
	e := history.Event{Token: held.Token, Lease: int64(held.Lease), Note: held.Key}
	if p.returned(call, err, e) != history.OK {
		return nil
	}
	if p.Oblivious {
		held.Lost = nil
	}
	hold := &Hold{Hold: held, ID: call.ID(), Name: r.Key, Client: p.Client, Mode: mode}
	p.holding = append(p.holding, hold)
	return hold
}

// Queued lists the keys that the process may be in line for without waiting there.
func (p *Process) Queued() []string { return slices.Sorted(maps.Keys(p.queued)) }

// await waits for something else than the loss of the hold, and tells whether it was lost by then.
func await[T any](ctx context.Context, hold *Hold, other <-chan T) (lost bool) {
	select {
	case <-other:
	case <-ctx.Done():
	case <-hold.Lost:
	}
	// Of two that are ready the select takes either: a process would act on a loss, or not, by chance.
	return hold.isLost()
}

func (h *Hold) isLost() bool {
	select {
	case <-h.Lost:
		return true
	default:
		return false
	}
}

// Stay keeps a hold for a time, and tells whether the process still believes in it then.
//
// A process that was paused goes on as if nothing had happened: it was stopped after it had looked
// whether the lock was lost and before it acts. Without a pause it acts on Lost.
func (p *Process) Stay(ctx context.Context, hold *Hold, d time.Duration) bool {
	p.Entered(ctx, hold)
	lost := hold.isLost()
	if d > 0 { // even a timer of no time waits for its turn
		lost = await(ctx, hold, time.After(d))
	}
	if busy := p.Busy(); busy != nil {
		lost = await(ctx, hold, busy)
	}
	if p.Step(ctx) || !lost {
		return true
	}
	p.Alive()
	p.forget(hold)
	p.Recorder.Info(p.event(history.Lost, hold.Name, hold))
	return false
}

// Release gives the lock back.
func (p *Process) Release(ctx context.Context, hold *Hold) { p.release(ctx, hold, hold.Release) }

// Requeue gives the lock back and, if it is of a kind that can, gets in line for it again in the same request.
func (p *Process) Requeue(ctx context.Context, hold *Hold) {
	requeuer, ok := p.Lock(hold.Name).(lock.Requeuer)
	if !ok {
		p.Release(ctx, hold)
		return
	}
	if p.queued == nil {
		p.queued = map[string]bool{}
	}
	p.queued[hold.Name] = true
	p.release(ctx, hold, func(ctx context.Context) error { return requeuer.Requeue(ctx, hold.Hold) })
}

func (p *Process) release(ctx context.Context, hold *Hold, do func(context.Context) error) {
	if hold.Mode != history.Nested {
		p.Leaving(ctx, hold)
	}
	p.Step(ctx)
	ctx, cancel := context.WithTimeout(ctx, p.RequestTimeout)
	defer cancel()
	call := p.invoke(p.event(history.Release, hold.Name, hold))
	p.forget(hold)
	released := p.Releasing(hold)
	err := do(ctx)
	released(err)
	p.returned(call, err, history.Event{})
}

// forget ends the belief in a hold.
func (p *Process) forget(hold *Hold) {
	p.holding = slices.DeleteFunc(p.holding, func(h *Hold) bool { return h == hold })
}

// Close ends the client's session on a key.
func (p *Process) Close(key string) {
	call := p.invoke(p.event(history.Close, key, nil))
	p.returned(call, p.Lock(key).Close(), history.Event{})
}
