package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Builder pairs events into operations.
type Builder struct {
	h      History
	open   map[OpID]int // index into h.Ops
	shared *recent[Common, *Common]
	last   struct {
		seq int64
		at  time.Duration
	}
	ended bool
}

// NewBuilder begins a history without events.
func NewBuilder(h Header) *Builder {
	return &Builder{h: History{Header: h}, open: map[OpID]int{}, shared: newRecent[Common, *Common]()}
}

// Add takes the next event.
func (b *Builder) Add(e Event) { b.add(&e) }

func (b *Builder) add(e *Event) {
	b.h.Events++
	b.checkOrder(e)
	switch e.Kind {
	case Invoke:
		b.open[e.ID] = len(b.h.Ops)
		b.h.Ops = append(b.h.Ops, b.invoked(e))
	case Return:
		b.finish(e)
	case Info:
		b.ended = e.Op == End
		if e.Op == Alive {
			b.settle(e)
		}
		b.h.Infos = append(b.h.Infos, b.observed(e))
	}
}

// settle completes a deletion with what was learnt later of its lease.
func (b *Builder) settle(e *Event) {
	i, ok := slices.BinarySearchFunc(b.h.Infos, int64(e.ID), func(seen Observation, seq int64) int { return cmp.Compare(seen.Seq, seq) })
	if !ok || b.h.Infos[i].Op != Deleted {
		b.defect("event %d tells of the lease behind event %d, which is no deletion", e.Seq, e.ID)
		return
	}
	b.h.Infos[i].Outcome = e.Outcome
}

// History gives what was added. An operation that did not return is open.
func (b *Builder) History() History { return b.h }

func (b *Builder) checkOrder(e *Event) {
	if e.Seq != b.last.seq+1 || e.At < b.last.at {
		b.defect("event %d at %v follows event %d at %v", e.Seq, e.At, b.last.seq, b.last.at)
	}
	if b.ended {
		b.defect("event %d follows the end mark", e.Seq)
	}
	if e.Kind == Invoke && e.ID != OpID(e.Seq) {
		b.defect("event %d invokes operation %d: an operation is named by its invoke", e.Seq, e.ID)
	}
	b.last.seq, b.last.at = e.Seq, e.At
}

const maxDefects = 20

func (b *Builder) defect(format string, args ...any) {
	if len(b.h.Defects) < maxDefects {
		b.h.Defects = append(b.h.Defects, fmt.Sprintf(format, args...))
	}
}

func (b *Builder) invoked(e *Event) Operation {
	return Operation{
		Common: b.share(Common{Key: e.Key, Lease: e.Lease, Fault: e.Fault, Note: e.Note}),
		Call:   e.Seq, CallAt: e.At, Return: Open, ReturnAt: time.Duration(Open),
		Op: e.Op, Mode: e.Mode, Process: e.Process, Client: e.Client, Hold: e.Hold,
		Token: e.Token, Value: e.Value, Prev: e.Prev,
	}
}

func (b *Builder) observed(e *Event) Observation {
	return Observation{
		Common: b.share(Common{e.Key, e.Lease, e.Fault, e.Note, e.Error, e.Sent}),
		Seq:    e.Seq, At: e.At, Op: e.Op, Outcome: e.Outcome, Process: e.Process, Client: e.Client,
		Hold: e.Hold, Token: e.Token, Value: e.Value, Pos: e.Pos,
	}
}

// share gives what is equal once.
func (b *Builder) share(c Common) *Common {
	if known, ok := b.shared.young[c]; ok {
		return known
	}
	own, ok := b.shared.old[c]
	if !ok {
		own = new(Common) // not c, of which every call would make one
		*own = c
	}
	b.shared.keep(c, own)
	return own
}

// finish completes an open operation with what its return adds.
func (b *Builder) finish(e *Event) {
	i, ok := b.open[e.ID]
	if !ok {
		b.defect("event %d returns operation %d, which is not open", e.Seq, e.ID)
		return
	}
	delete(b.open, e.ID)
	o := &b.h.Ops[i]
	if o.Op != e.Op || o.Process != e.Process {
		b.defect("event %d returns %s of process %d, but operation %d is %s of process %d", e.Seq, e.Op, e.Process, e.ID, o.Op, o.Process)
	}
	o.Return, o.ReturnAt, o.Outcome = e.Seq, e.At, e.Outcome
	o.Token, o.Value, o.Pos = cmp.Or(e.Token, o.Token), cmp.Or(e.Value, o.Value), e.Pos
	if e.Lease != 0 || e.Note != "" || e.Error != "" {
		o.Common = b.share(Common{Key: o.Key, Lease: cmp.Or(e.Lease, o.Lease), Fault: o.Fault, Note: cmp.Or(e.Note, o.Note), Error: e.Error})
	}
}
