package linear

import "slices"

// class is what a party does in the whole history, as a set of these bits.
type class uint8

const (
	sure   class = 1 << iota // some operation of it took effect for sure, or it holds at the start
	denied                   // some release of it failed
	chosen                   // it is a blip
	stray                    // some release of it is unknown
)

// foresee counts an operation that will be called.
func (a *account) foresee(op *Op) {
	switch {
	case op.Outcome == Fail && op.Kind == Release:
		a.class |= denied
	case op.Outcome == Fail:
		return
	case op.Kind == Release:
		a.later.releases++
		if op.Outcome == Unknown {
			a.class |= stray
		} else {
			a.later.sure++
			a.excess--
		}
	default:
		a.later.acquires++
		a.excess++
	}
	if op.Outcome == OK {
		a.class |= sure
	}
}

// idle tells that a party does not hold, nor ever will by what is under way or to come.
func (a *account) idle() bool {
	return a.held == 0 && a.acquires.all() == 0 && a.releases.all() == 0 && a.later.acquires == 0 && a.later.releases == 0
}

// A blip is a party whose only effective operations are an unknown acquire and unknown releases: a hold that
// somebody may have seen, once, in any gap between other holds. It cannot be across a cut, since there
// somebody else holds; but nothing says in which piece it is. So pieces are judged without blips first, and
// one that fails takes the fewest that help, earlier pieces first: a blip that ended by then serves any
// later piece, and all such blips serve alike.
//
// Only the mutex has them; another lock's are uncertain straddlers, across which nothing is cut.
func (c *cutter) choose() {
	if c.o.Lock.kind != mutex || !c.strict {
		return
	}
	for i := range c.accounts {
		if a := &c.accounts[i]; a.class&^stray == 0 && a.later.acquires == 1 && a.later.releases > 0 {
			a.class |= chosen
		}
	}
}

// blipper collects blips.
type blipper struct {
	calls map[int32]*[2]crossing // of owners of which only one kind has been called
	whole [][2]crossing          // that ended in this piece: acquire, first release
	pool  int                    // that ended before
}

// call notes the call of a blip's operation.
func (b *blipper) call(op *Op, x crossing) {
	if b.calls == nil {
		b.calls = map[int32]*[2]crossing{}
	}
	pair := b.calls[op.Owner]
	if pair == nil {
		pair = &[2]crossing{{at: -1}, {at: -1}}
		b.calls[op.Owner] = pair
	}
	kind := 0
	if op.Kind == Release {
		kind = 1
	}
	complete := pair[0].at >= 0 && pair[1].at >= 0
	if pair[kind].at < 0 {
		pair[kind] = x
	}
	if !complete && pair[0].at >= 0 && pair[1].at >= 0 {
		b.whole = append(b.whole, *pair)
	}
}

func (b *blipper) none() bool { return b.pool == 0 && len(b.calls) == 0 }

// ended gives the blips that ended in the piece, and takes them to the pool.
func (b *blipper) ended(c *cutter) []Item {
	var items []Item
	for _, pair := range b.whole {
		for _, x := range pair {
			item := c.item(c.ops[x.at], x)
			item.Return, item.blip = Open, true
			items = append(items, item)
		}
	}
	b.pool += len(b.whole)
	b.whole = b.whole[:0]
	return items
}

// begun are the acquires of blips whose release was not called.
func (b *blipper) begun() []crossing {
	var acquires []crossing
	for _, pair := range b.calls {
		if pair[0].at >= 0 && pair[1].at < 0 {
			acquires = append(acquires, pair[0])
		}
	}
	slices.SortFunc(acquires, func(x, y crossing) int { return int(x.at) - int(y.at) })
	return acquires
}
