package history

// Nesting gives for each nested acquire the one that began the hold of its client in which it lies; 0: its
// client held nothing. Processes do not count: a client goes on under another one.
func (h *History) Nesting() map[OpID]OpID {
	if !h.nests() {
		return nil
	}
	n := nesting{h, map[OpID]OpID{}, map[place]OpID{}}
	for m := range h.Moments() {
		switch o, e := m.Op, m.Info; {
		case e != nil && (e.Op == Lost || e.Op == Crash):
			n.end(e.Hold)
		case o == nil:
		case o.Op == Release && !m.Ends:
			n.end(o.Hold)
		case o.Op == Acquire && o.Mode == Nested && !m.Ends:
			n.outer[o.ID()] = n.holds[place{o.Client, o.Key}]
		case m.Ends && o.Believed():
			n.holds[place{o.Client, o.Key}] = o.ID()
		}
	}
	return n.outer
}

// nests tells whether some acquire is a nested one.
func (h *History) nests() bool {
	for i := range h.Ops {
		if h.Ops[i].Mode == Nested {
			return true
		}
	}
	return false
}

// nesting is what clients hold at some moment, and what was found up to it.
type nesting struct {
	h     *History
	outer map[OpID]OpID
	holds map[place]OpID
}

// place is where a client may have a hold.
type place struct {
	client int32
	key    string
}

func (n *nesting) end(hold OpID) {
	a := n.h.Find(hold)
	if a != nil && n.holds[place{a.Client, a.Key}] == hold {
		delete(n.holds, place{a.Client, a.Key})
	}
}
