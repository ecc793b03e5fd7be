package checker

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"lockquake/checker/history"
)

// etcd is what a world's etcd knows of the lock k0: a queue of keys under leases; and what its watch has yet
// to tell.
type etcd struct {
	revision int64
	leases   int64
	queue    []*key
	orphans  []int64 // leases that nobody renews any more
	untold   []history.Event
}

// key is a client's place in the queue.
type key struct {
	token, lease int64
	mode         history.Mode
	in           bool // its acquire was answered
}

func (k *key) name() string {
	if k.mode == history.Nested {
		return fmt.Sprintf("k0/%x/%d", k.lease, k.token)
	}
	return fmt.Sprintf("k0/%x", k.lease)
}

// turn tells whether it is a key's turn: there are no more older keys than there are other permits. Readers wait
// for older writers only, or, where they are hasty, for writers that are in; for those readers writers wait, too.
func (w *world) turn(k *key) bool {
	place := slices.Index(w.queue, k)
	if w.kind != readersWriter {
		return place >= 0 && place < max(w.header.Permits, 1)
	}
	inTheWay := func(other *key) bool { return other.mode != history.Shared && (other.in || !w.hasty) }
	if k.mode == history.Shared {
		younger := slices.ContainsFunc(w.queue[place+1:], func(other *key) bool { return other.mode != history.Shared && other.in })
		return place >= 0 && !younger && !slices.ContainsFunc(w.queue[:place], inTheWay)
	}
	return place == 0 && !slices.ContainsFunc(w.queue[1:], func(other *key) bool { return other.in })
}

func (w *world) create(lease int64, m history.Mode) *key {
	w.revision++
	return w.put(lease, m)
}

// put creates a key at the latest revision.
func (w *world) put(lease int64, m history.Mode) *key {
	k := &key{token: w.revision, lease: lease, mode: m}
	w.queue = append(w.queue, k)
	w.tell(history.Event{Op: history.Created, Token: k.token, Lease: lease, Pos: w.revision, Note: k.name()})
	return k
}

// remove deletes a key, if it is still there: by its lease's end (Fail) or by its owner (OK).
func (w *world) remove(k *key, how history.Outcome) {
	i := slices.Index(w.queue, k)
	if i < 0 {
		return
	}
	w.queue = slices.Delete(w.queue, i, i+1)
	w.revision++
	w.tell(history.Event{Op: history.Deleted, Token: k.token, Lease: k.lease, Pos: w.revision, Note: k.name(), Outcome: how})
}

// expire ends a lease, with its key.
func (w *world) expire(lease int64) {
	for _, k := range slices.Clone(w.queue) {
		if k.lease == lease {
			w.remove(k, history.Fail)
		}
	}
}

// elapse lets some time go by for etcd: leases end, and the watch tells what it has to tell.
func (w *world) elapse() {
	if len(w.orphans) > 0 && rapid.IntRange(0, 3).Draw(w.t, "expiry") == 0 {
		w.expire(w.orphans[0])
		w.orphans = w.orphans[1:]
	}
	if len(w.untold) > 0 && rapid.IntRange(0, 2).Draw(w.t, "told") > 0 {
		w.tellAll()
	}
}

func (w *world) tell(e history.Event) {
	e.Kind, e.Process, e.Client, e.Key = history.Info, history.Nemesis, history.Nemesis, "k0"
	w.untold = append(w.untold, e)
}

func (w *world) tellAll() {
	for _, e := range w.untold {
		w.record(e)
	}
	w.untold = nil
}
