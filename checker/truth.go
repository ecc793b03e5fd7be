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
	owners    map[int64]int32   // the client that a lease was granted to
	byToken   map[int64]int     // an ok acquire (an index of Ops) of a token, the first
	asked     highWater         // the latest Call of acquires that created a key, by their tokens
	created   map[int64]bool    // the tokens of which the watch saw the key
	processes map[int32][]int32 // of a client
	ops       map[int32][]int   // of a process: indices of Ops
}

func newTruth(h *history.History) *truth {
	t := &truth{h: h, owners: map[int64]int32{}, byToken: map[int64]int{}, created: map[int64]bool{},
		processes: map[int32][]int32{}, ops: map[int32][]int{}}
	for i := range h.Infos {
		switch e := &h.Infos[i]; e.Op {
		case history.Granted:
			t.owners[e.Lease] = e.Client
		case history.Created:
			t.created[e.Token] = true
		}
	}
	t.asked = newHighWater(t.index())
	return t
}

// index fills byToken, processes and ops, and collects the marks of asked: only from acquires that surely
// created the key of their token. One that found it there, left behind by an acquire of its client without
// an answer, may have been invoked long after that revision.
func (t *truth) index() []mark {
	type place struct {
		client int32
		key    string
	}
	var asked []mark
	unanswered := map[place]bool{}
	for i := range t.h.Ops {
		o := &t.h.Ops[i]
		if t.ops[o.Process] == nil {
			t.processes[o.Client] = append(t.processes[o.Client], o.Process)
		}
		t.ops[o.Process] = append(t.ops[o.Process], i)
		at := place{o.Client, o.Key}
		_, again := t.byToken[o.Token]
		switch {
		case o.Op != history.Acquire || o.Outcome == history.Fail:
		case o.Outcome == history.Unknown:
			unanswered[at] = true
		case o.Token != 0 && !again:
			t.byToken[o.Token] = i
			if !unanswered[at] {
				asked = append(asked, mark{o.Token, o.Call, i})
			}
		}
	}
	return asked
}

// gap says what the watch should have seen and did not; empty: nothing. The acquires of the last
// TTL are not asked about: the watch may not have come to them.
func (t *truth) gap() string {
	if len(t.created) == 0 {
		return "ground truth missing: the watch saw no key, though acquires succeeded"
	}
	last := t.h.Last() - t.h.Header.TTL
	for i := range t.h.Ops {
		o := &t.h.Ops[i]
		granted := o.Op == history.Acquire && o.Outcome == history.OK && o.Lease != 0 && o.Token != 0
		if granted && o.ReturnAt < last && !t.created[o.Token] {
			return fmt.Sprintf("ground truth missing: the watch never saw the key of %s's token %d", clientName(o.Client), o.Token)
		}
	}
	return ""
}

// acquire is the acquire that was answered with a token, nil if there is none.
func (t *truth) acquire(token int64) *history.Operation {
	i, ok := t.byToken[token]
	if !ok {
		return nil
	}
	return &t.h.Ops[i]
}

// owner is the client that created a key: its lease was granted to it, or its acquire was answered
// with the key's token.
func (t *truth) owner(e *history.Event) (int32, bool) {
	if c, ok := t.owners[e.Lease]; ok {
		return c, true
	}
	if a := t.acquire(e.Token); a != nil {
		return a.Client, true
	}
	return 0, false
}

// earliest is a sequence number that a deletion lies after: acquires that were answered with the
// key itself, or with a smaller revision, had been invoked by then.
func (t *truth) earliest(e *history.Event) int64 {
	m, _ := t.asked.before(e.Pos)
	if a := t.acquire(e.Token); a != nil {
		return max(m.value, a.Call)
	}
	return m.value
}

// couldDelete tells whether a client had an operation open that can have carried out a deletion.
// Unknown: only one that returned before, without an answer, and may have been carried out late.
func (t *truth) couldDelete(client int32, e *history.Event) Validity {
	earliest := t.earliest(e)
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
			if deletes(o, e) && !late {
				return Valid
			}
			if deletes(o, e) {
				found = Unknown
			}
		}
	}
	return found
}

// deletes tells whether an operation is of a kind that deletes a key. An acquire may clean up what it left
// behind, but not the key that it was answered with; a release that failed had no effect.
func deletes(o *history.Operation, e *history.Event) bool {
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

func sameKey(o *history.Operation, e *history.Event) bool { return e.Key == "" || o.Key == e.Key }

// culprits are the operations of strangers that can have carried out a deletion, the latest first: the
// releases, or if there are none, the acquires.
func (t *truth) culprits(owner int32, e *history.Event) []*history.Operation {
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
