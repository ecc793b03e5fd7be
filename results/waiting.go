package results

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"

	"lockquake/checker/history"
)

// waits tells whether an operation waits for a lock: an acquire, but no nested one.
func waits(o *history.Operation) bool { return o.Op == history.Acquire && o.Mode != history.Nested }

// step is a moment at which the number of waiting acquires changes.
type step struct {
	at    time.Duration
	call  time.Duration // when the acquire that begins or ends to wait was due, or was invoked
	id    history.OpID
	begin bool
}

// waitSteps yields begins and ends of waits in order, keeping no more of them than there are waiters; one that
// never returned never ends. Who is due waits, be it for a client that is free.
func waitSteps(h *history.History) iter.Seq[step] {
	due := dueOrder(h.Ops)
	return func(yield func(step) bool) {
		w := waiting{ops: h.Ops, due: due}
		for next, ok := w.next(); ok; next, ok = w.next() {
			if !yield(next) {
				return
			}
		}
	}
}

// dueOrder gives the acquires that wait, as places, in the order in which they were due; nil: that is the order of
// all operations.
func dueOrder(ops []history.Operation) []int32 {
	if !slices.ContainsFunc(ops, func(o history.Operation) bool { return o.Due() != o.CallAt }) {
		return nil
	}
	var order []int32
	for i := range ops {
		if waits(&ops[i]) {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(ops[a].Due(), ops[b].Due()), cmp.Compare(ops[a].Call, ops[b].Call))
	})
	return order
}

// waiting is who waits at a moment, and who will.
type waiting struct {
	ops  []history.Operation
	due  []int32              // places of those that will, if they are not in the order of ops
	seen int                  // how many of ops, or of due, have begun
	open []*history.Operation // that will return, the next one last
}

func (w *waiting) next() (step, bool) {
	begins := w.upcoming()
	var ends *history.Operation
	if len(w.open) > 0 {
		ends = w.open[len(w.open)-1]
	}
	switch {
	case begins == nil && ends == nil:
		return step{}, false
	case begins == nil, ends != nil && before(ends, begins):
		w.open = w.open[:len(w.open)-1]
		return step{at: ends.ReturnAt, call: ends.Due(), id: ends.ID()}, true
	}
	w.seen++
	w.await(begins)
	return step{at: begins.Due(), call: begins.Due(), id: begins.ID(), begin: true}, true
}

// upcoming is the next acquire to begin, nil if there is none.
func (w *waiting) upcoming() *history.Operation {
	if w.due != nil {
		if w.seen < len(w.due) {
			return &w.ops[w.due[w.seen]]
		}
		return nil
	}
	for ; w.seen < len(w.ops); w.seen++ {
		if o := &w.ops[w.seen]; waits(o) {
			return o
		}
	}
	return nil
}

// before tells whether one acquire ends to wait before another one begins to.
func before(ends, begins *history.Operation) bool {
	return cmp.Or(cmp.Compare(ends.ReturnAt, begins.Due()), cmp.Compare(ends.Return, begins.Call)) < 0
}

func (w *waiting) await(o *history.Operation) {
	if o.Return == history.Open {
		return
	}
	i, _ := slices.BinarySearchFunc(w.open, o, func(open, o *history.Operation) int {
		return cmp.Or(cmp.Compare(o.ReturnAt, open.ReturnAt), cmp.Compare(o.Return, open.Return))
	})
	w.open = slices.Insert(w.open, i, o)
}

// tooth is a stretch of time in which one acquire was the oldest that waited, since its call.
type tooth struct {
	span
	call time.Duration
}

// oldestWaiter is the sawtooth of the age of the oldest waiter; where nobody waits it has a hole.
func oldestWaiter(steps iter.Seq[step], last time.Duration) iter.Seq[tooth] {
	return func(yield func(tooth) bool) {
		var t tooth
		for part := range oldestParts(steps, last) {
			if t.call == part.call && t.to == part.from && t.width() > 0 {
				t.to = part.to // it is the same acquire that waits on
				continue
			}
			if t.width() > 0 && !yield(t) {
				return
			}
			t = part
		}
		if t.width() > 0 {
			yield(t)
		}
	}
}

// oldestParts yields who was the oldest waiter between any two steps, where anybody waited.
func oldestParts(steps iter.Seq[step], last time.Duration) iter.Seq[tooth] {
	return func(yield func(tooth) bool) {
		var queue []step // in the order of calls; those that ended are dropped when they get to the head
		ended := map[history.OpID]bool{}
		since := time.Duration(0)
		for s := range steps {
			if len(queue) > 0 && s.at > since && !yield(tooth{span{since, s.at}, queue[0].call}) {
				return
			}
			since = s.at
			if s.begin {
				queue = append(queue, s)
			} else {
				ended[s.id] = true
			}
			for len(queue) > 0 && ended[queue[0].id] {
				delete(ended, queue[0].id)
				queue = queue[1:]
			}
		}
		if len(queue) > 0 && last > since {
			yield(tooth{span{since, last}, queue[0].call})
		}
	}
}

// waiters is the mean number of waiting acquires in each of n equal parts of the history.
func waiters(steps iter.Seq[step], last time.Duration, n int) []float64 {
	mean := make([]float64, n)
	if last <= 0 {
		return mean
	}
	part := float64(last) / float64(n)
	count, since := 0, time.Duration(0)
	for s := range steps {
		spread(mean, part, float64(since), float64(s.at), float64(count))
		since = s.at
		if s.begin {
			count++
		} else {
			count--
		}
	}
	spread(mean, part, float64(since), float64(last), float64(count))
	return mean
}

// spread adds count to the parts between two times, in proportion to the part that they cover.
func spread(mean []float64, part, from, to, count float64) {
	for i := int(from / part); i < len(mean) && float64(i)*part < to; i++ {
		covered := math.Min(to, float64(i+1)*part) - math.Max(from, float64(i)*part)
		mean[i] += count * covered / part
	}
}
