package checker

import (
	"cmp"
	"slices"
	"sort"
)

// mark is a value seen at some place of an order, and the operation (an index) that showed it.
type mark struct {
	at    int64
	value int64
	op    int
}

// highWater answers in O(log n) which was the largest value seen before a place. Places are
// sequence numbers, revisions or tokens: anything in one order.
type highWater []mark

// newHighWater takes marks in any order, and keeps the slice.
func newHighWater(marks []mark) highWater {
	slices.SortFunc(marks, func(a, b mark) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(marks); i++ {
		if last := marks[i-1]; last.value > marks[i].value {
			marks[i].value, marks[i].op = last.value, last.op
		}
	}
	return marks
}

// before is the largest mark at a place smaller than x; false: there is none.
func (w highWater) before(x int64) (mark, bool) {
	i := sort.Search(len(w), func(i int) bool { return w[i].at >= x })
	if i == 0 {
		return mark{}, false
	}
	return w[i-1], true
}

// above is the first mark with a value greater than x; false: there is none.
func (w highWater) above(x int64) (mark, bool) {
	i := sort.Search(len(w), func(i int) bool { return w[i].value > x })
	if i == len(w) {
		return mark{}, false
	}
	return w[i], true
}
