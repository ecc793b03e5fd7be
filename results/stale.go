package results

import (
	"cmp"
	"slices"

	"lockquake/checker/history"
)

// writes are those of a history that a picture marks.
type writes struct {
	stale   []history.Operation // accepted all the same
	refused []history.Operation
}

// resource is what one key's writes did to it so far.
type resource struct {
	newest   int64          // token
	replaced map[int64]bool // values that an accepted write has replaced
}

// markedWrites finds accepted writes that were stale when they took effect, and refused writes. It
// draws what fencing judges: a write is stale under an older token than one already accepted, or
// over a value that another write had replaced before (a fork: one of the two updates is lost).
func markedWrites(h *history.History) writes {
	var w writes
	var accepted []history.Operation
	for _, o := range h.Ops {
		switch {
		case o.Op == history.Write && o.Outcome == history.OK:
			accepted = append(accepted, o)
		case o.Op == history.Write && o.Outcome == history.Fail:
			w.refused = append(w.refused, o)
		}
	}
	slices.SortStableFunc(accepted, func(a, b history.Operation) int {
		return cmp.Or(cmp.Compare(a.Pos, b.Pos), cmp.Compare(a.Return, b.Return))
	})
	resources := map[string]*resource{}
	for _, o := range accepted {
		r := resources[o.Key]
		if r == nil {
			r = &resource{replaced: map[int64]bool{}}
			resources[o.Key] = r
		}
		if r.accept(o) {
			w.stale = append(w.stale, o)
		}
	}
	return w
}

// accept applies a write and tells whether it was stale.
func (r *resource) accept(o history.Operation) bool {
	stale := o.Token < r.newest || r.replaced[o.Prev]
	r.newest = max(r.newest, o.Token)
	r.replaced[o.Prev] = true
	return stale
}
