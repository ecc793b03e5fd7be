package results

import (
	"cmp"
	"slices"

	"lockquake/checker"
	"lockquake/checker/history"
)

// writes are those of a history that a picture marks.
type writes struct {
	stale   []history.Operation // accepted all the same
	refused []history.Operation
}

// resource is what one key's operations did to it so far.
type resource struct {
	newest   int64          // token that it has seen
	replaced map[int64]bool // values that an accepted write has replaced
}

// markedWrites finds accepted writes that were stale when they took effect, and refused ones. It
// draws what fencing judges: a write is stale under an older token than one that the resource has
// seen, or over a value that another write had replaced before (a fork: one of the two updates is
// lost).
func markedWrites(h *history.History) writes {
	var w writes
	resources := map[string]*resource{}
	for _, o := range inEffect(h) {
		r := resources[o.Key]
		if r == nil {
			r = &resource{replaced: map[int64]bool{}}
			resources[o.Key] = r
		}
		if r.accept(o) {
			w.stale = append(w.stale, o)
		}
	}
	w.refused = checker.Refused(*h)
	return w
}

// inEffect are the ok reads and writes in the order in which they took effect.
func inEffect(h *history.History) []history.Operation {
	var ops []history.Operation
	for _, o := range h.Ops {
		if (o.Op == history.Write || o.Op == history.Read) && o.Outcome == history.OK {
			ops = append(ops, o)
		}
	}
	slices.SortStableFunc(ops, func(a, b history.Operation) int {
		return cmp.Or(cmp.Compare(a.Pos, b.Pos), cmp.Compare(a.Return, b.Return))
	})
	return ops
}

// accept applies an operation and tells whether it was a stale write.
func (r *resource) accept(o history.Operation) bool {
	stale := o.Op == history.Write && (o.Token < r.newest || r.replaced[o.Prev])
	r.newest = max(r.newest, o.Token)
	if o.Op == history.Write {
		r.replaced[o.Prev] = true
	}
	return stale
}
