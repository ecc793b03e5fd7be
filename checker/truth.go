package checker

import (
	"fmt"
	"slices"
	"sort"

	"lockquake/checker/history"
)

// truth relates the ground truth (which key lived from which revision to which) to what clients did.
//
// Revisions tell in which order keys came and went, exactly; but the watch may report them late, and all at
// once after a fault, so the time of its report only says that a deletion lies *before* it. That a
// deletion lies *after* something follows from revisions: an acquire that got a smaller revision as its
// token must have been invoked by then.
type truth struct {
	h         *history.History
	owners    map[int64]int32               // the client that a lease was granted to
	faults    map[int64][]history.Injection // those that struck a lease
	asked     highWater                     // the latest Call of what created a key, by the tokens
	requeued  map[history.OpID]int64        // the Call of the release that got in line for a queued acquire
	keys      *keys
	processes map[int32][]int32 // of a client
	ops       map[int32][]int32 // of a process, those that can delete a key: indices of Ops
}

func newTruth(h *history.History) *truth {
	t := &truth{h: h, owners: map[int64]int32{}, keys: newKeys(h),
		faults: map[int64][]history.Injection{}, requeued: map[history.OpID]int64{},
		processes: map[int32][]int32{}, ops: map[int32][]int32{}}
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Granted {
			t.owners[e.Lease] = e.Client
		}
	}
	for _, i := range h.Injections() {
		if i.Inject.Lease != 0 && i.Inject.Outcome != history.Fail {
			t.faults[i.Inject.Lease] = append(t.faults[i.Inject.Lease], i)
		}
	}
	t.asked = newHighWater(t.index())
	return t
}

// index fills processes and ops, tells incarnations of their acquires, and collects the marks of asked: only
// from acquires that surely created the key of their token. One that found it there, left behind by an
// acquire of its client without an answer, may have been invoked long after that revision.
func (t *truth) index() []mark {
	t.line()
	acquired, _ := grants(t.h)
	asked := make([]mark, 0, acquired)
	left := map[place]bool{} // where a key may have been left behind
	t.requeues()
	for i := range t.h.Ops {
		o := &t.h.Ops[i]
		switch {
		case o.Op != history.Acquire:
		case o.Outcome == history.Fail && o.Mode != history.Queued: // or else its place in line may still be there
		case o.Outcome != history.OK:
			left[at(o)] = true
		default:
			life := t.keys.find(o)
			if life == nil || life.acquire != 0 {
				continue
			}
			life.acquire = int32(i + 1)
			if call, known := t.created(o, life); known && !left[at(o)] && owns(o) && life.of(o) {
				asked = append(asked, mark{o.Token, call, i})
			}
		}
	}
	return asked
}

// place is where a client's keys are.
type place struct {
	client int32
	key    string
}

func at(o *history.Operation) place { return place{o.Client, o.Key} }

// requeues finds for queued acquires the releases that got in line for them.
func (t *truth) requeues() {
	if !slices.ContainsFunc(t.h.Ops, func(o history.Operation) bool { return o.Mode == history.Queued }) {
		return
	}
	released := map[place]int64{}
	for i := range t.h.Ops {
		switch o := &t.h.Ops[i]; {
		case o.Op == history.Release:
			released[at(o)] = o.Call
		case o.Mode == history.Queued:
			t.requeued[o.ID()] = released[at(o)]
		}
	}
}

// created is the Call of what created the key that an acquire was answered with: itself, or the release before it;
// false: the key was there before.
func (t *truth) created(a *history.Operation, life *incarnation) (call int64, known bool) {
	if a.Mode == history.Queued {
		return t.requeued[a.ID()], true
	}
	return a.Call, life.told.Seq > a.Call
}

// line lines up what each process did that can delete a key.
func (t *truth) line() {
	acts := map[int32]int{}
	for i := range t.h.Ops {
		if o := &t.h.Ops[i]; canDelete(o) {
			acts[o.Process]++
		}
	}
	for i := range t.h.Ops {
		o := &t.h.Ops[i]
		if !canDelete(o) {
			continue
		}
		own := t.ops[o.Process]
		if own == nil {
			t.processes[o.Client] = append(t.processes[o.Client], o.Process)
			own = make([]int32, 0, acts[o.Process])
		}
		t.ops[o.Process] = append(own, int32(i))
	}
}

// canDelete tells whether an operation is of a kind that may delete some key.
func canDelete(o *history.Operation) bool {
	return o.Op == history.Acquire || o.Op == history.Release || o.Op == history.Close
}

const noTruth = "ground truth missing: the watch saw no key, though acquires succeeded"

// missing says what the watch should have seen and did not; empty: nothing.
func (t *truth) missing() string {
	switch {
	case len(t.keys.gaps) > 0:
		return unseen(t.keys.gaps[0])
	case t.keys.none():
		return noTruth
	}
	for i := range t.h.Ops {
		if o := &t.h.Ops[i]; owns(o) && t.keys.find(o) == nil {
			return fmt.Sprintf("ground truth missing: the watch never saw the key of %s's token %d", clientName(o.Client), o.Token)
		}
	}
	return ""
}

// fault is the name of the one behind the end of a deleted key's lease: it had struck that lease, and was
// healed no more than a TTL ago; empty: none.
func (t *truth) fault(e *history.Observation) string {
	for _, i := range t.faults[e.Lease] {
		if i.Inject.Call < e.Seq && e.At-t.h.Header.TTL <= i.End() {
			return i.Inject.Fault
		}
	}
	return ""
}

// acquire is the acquire that was answered with the token of a key, nil if there is none.
func (t *truth) acquire(e *history.Observation) *history.Operation {
	life := t.keys.byLock[e.Key].of(e)
	if life.acquire == 0 {
		return nil
	}
	return &t.h.Ops[life.acquire-1]
}

// owner is the client that created a key: its lease was granted to it, or its acquire was answered
// with the key's token.
func (t *truth) owner(e *history.Observation) (int32, bool) {
	if c, ok := t.owners[e.Lease]; ok {
		return c, true
	}
	if a := t.acquire(e); a != nil {
		return a.Client, true
	}
	return 0, false
}

// earliest is a sequence number that a deletion lies after: what created the key itself, or one with a smaller
// revision, had been invoked by then.
func (t *truth) earliest(e *history.Observation) int64 {
	m, _ := t.asked.before(e.Pos)
	switch a := t.acquire(e); {
	case a == nil:
		return m.value
	case a.Mode == history.Queued:
		return max(m.value, t.requeued[a.ID()])
	default:
		return max(m.value, a.Call)
	}
}

// creator is the Call of the release that got in line with a key; 0: none is known to.
func (t *truth) creator(e *history.Observation) int64 {
	if a := t.acquire(e); a != nil {
		return t.requeued[a.ID()]
	}
	return 0
}

// couldDelete tells whether a client had an operation open that can have carried out a deletion.
// Unknown: only one that returned before, without an answer, and may have been carried out late.
func (t *truth) couldDelete(client int32, e *history.Observation) Validity {
	earliest, creator := t.earliest(e), t.creator(e)
	found := Invalid
	for _, p := range t.processes[client] {
		ops := t.ops[p]
		invoked := sort.Search(len(ops), func(i int) bool { return t.h.Ops[ops[i]].Call > e.Seq })
		for i := invoked - 1; i >= 0; i-- {
			o := &t.h.Ops[ops[i]]
			late := o.Return < earliest
			if late && o.Outcome != history.Unknown {
				break // a process is sequential: those before it returned earlier still
			}
			switch {
			case !deletes(o, e) || o.Call == creator:
			case !late:
				return Valid
			default:
				found = Unknown
			}
		}
	}
	return found
}

// givenBack tells whether the acquire that was answered with a key was followed by a release that
// succeeded: its owner had no more use for the key, whatever became of it.
func (t *truth) givenBack(e *history.Observation) bool {
	a := t.acquire(e)
	if a == nil {
		return false
	}
	ops := t.ops[a.Process]
	next := sort.Search(len(ops), func(i int) bool { return t.h.Ops[ops[i]].Call > a.Call })
	for _, i := range ops[next:] {
		o := &t.h.Ops[i]
		if o.Op == history.Acquire && o.Mode != history.Nested || o.Call > e.Seq {
			return false
		}
		if o.Op == history.Release && o.Hold == a.ID() && o.Outcome == history.OK {
			return true
		}
	}
	return false
}

// deletes tells whether an operation is of a kind that deletes a key. An acquire may clean up what it left
// behind, but not the key that it was answered with; a release that failed had no effect.
func deletes(o *history.Operation, e *history.Observation) bool {
	switch o.Op {
	case history.Close:
		return true
	case history.Release:
		return o.Outcome != history.Fail && sameKey(o, e)
	case history.Acquire:
		return (o.Outcome != history.OK || o.Token != e.Token) && sameKey(o, e)
	}
	return false
}

func sameKey(o *history.Operation, e *history.Observation) bool { return e.Key == "" || o.Key == e.Key }

// culprits are the operations of strangers that can have carried out a deletion, the latest first: the
// releases, or if there are none, the acquires.
func (t *truth) culprits(owner int32, e *history.Observation) []*history.Operation {
	earliest := t.earliest(e)
	byOp := map[history.Op][]*history.Operation{}
	for i := range t.h.Ops {
		o := &t.h.Ops[i]
		if o.Call > e.Seq {
			break
		}
		open := o.Return > earliest || o.Outcome == history.Unknown
		if o.Client != owner && open && deletes(o, e) {
			byOp[o.Op] = append(byOp[o.Op], o)
		}
	}
	found := byOp[history.Release]
	if found == nil {
		found = byOp[history.Acquire]
	}
	slices.Reverse(found)
	return found
}
