package results

import (
	"cmp"
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
	seq   int64
	call  time.Duration // when the acquire that begins or ends to wait was due, or was invoked
	id    history.OpID
	begin bool
}

// waitSteps lists begins and ends of waits in order; one that never returned never ends. Who is due waits, be it for
// a client that is free.
func waitSteps(h *history.History) []step {
	acquires := 0
	for i := range h.Ops {
		if waits(&h.Ops[i]) {
			acquires++
		}
	}
	steps := make([]step, 0, 2*acquires)
	for i := range h.Ops {
		o := &h.Ops[i]
		if !waits(o) {
			continue
		}
		steps = append(steps, step{at: o.Due(), seq: o.Call, call: o.Due(), id: o.ID, begin: true})
		if o.Return != history.Open {
			steps = append(steps, step{at: o.ReturnAt, seq: o.Return, call: o.Due(), id: o.ID})
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
	return steps
}

// tooth is a stretch of time in which one acquire was the oldest that waited, since its call.
type tooth struct {
	span
	call time.Duration
}

// oldestWaiter is the sawtooth of the age of the oldest waiter; where nobody waits it has a hole.
func oldestWaiter(steps []step, last time.Duration) []tooth {
	var teeth []tooth
	var queue []step // in the order of calls; those that ended are dropped when they get to the head
	ended := map[history.OpID]bool{}
	for i, s := range steps {
		if s.begin {
			queue = append(queue, s)
		} else {
			ended[s.id] = true
		}
		for len(queue) > 0 && ended[queue[0].id] {
			delete(ended, queue[0].id)
			queue = queue[1:]
		}
		until := last
		if i+1 < len(steps) {
			until = steps[i+1].at
		}
		if len(queue) > 0 && until > s.at {
			teeth = extend(teeth, tooth{span{s.at, until}, queue[0].call})
		}
	}
	return teeth
}

// extend adds a tooth, or makes the last one longer if it is the same acquire that waits on.
func extend(teeth []tooth, t tooth) []tooth {
	if n := len(teeth); n > 0 && teeth[n-1].call == t.call && teeth[n-1].to == t.from {
		teeth[n-1].to = t.to
		return teeth
	}
	return append(teeth, t)
}

// waiters is the mean number of waiting acquires in each of n equal parts of the history.
func waiters(steps []step, last time.Duration, n int) []float64 {
	mean := make([]float64, n)
	if last <= 0 {
		return mean
	}
	part := float64(last) / float64(n)
	count := 0
	for i, s := range steps {
		if s.begin {
			count++
		} else {
			count--
		}
		until := last
		if i+1 < len(steps) {
			until = steps[i+1].at
		}
		spread(mean, part, float64(s.at), float64(until), float64(count))
	}
	return mean
}

// spread adds count to the parts between two times, in proportion to the part that they cover.
func spread(mean []float64, part, from, to, count float64) {
	for i := int(from / part); i < len(mean) && float64(i)*part < to; i++ {
		covered := math.Min(to, float64(i+1)*part) - math.Max(from, float64(i)*part)
		mean[i] += count * covered / part
	}
}
