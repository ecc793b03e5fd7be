package results

import (
	"cmp"
	"slices"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
)

// span is a piece of time since the start of the history.
type span struct{ from, to time.Duration }

func (s span) width() time.Duration { return s.to - s.from }

func (s span) meets(o span) bool { return s.from <= o.to && o.from <= s.to }

func (s span) clip(to span) span { return span{max(s.from, to.from), min(s.to, to.to)} }

// alike tells whether a picture of one span shows what a picture of the other does: they differ by no more
// than a mark is wide.
func (s span) alike(o span) bool {
	slack := max(s.width(), o.width()) / 100
	return (s.from-o.from).Abs() <= slack && (s.to-o.to).Abs() <= slack
}

// overlap is a stretch of time in which more holds of one key were believed in than its lock allows. Holds are
// indices of the list that it was found in, in the order in which they began.
type overlap struct {
	key   string
	span  span
	holds []int
}

type edge struct {
	seq   int64
	at    time.Duration
	hold  int
	start bool
}

// overlaps finds those stretches, in time order; permits is how many may hold a semaphore. It draws what exclusion
// judges: order is by sequence number, so that equal times do not count as an overlap, and readers may hold
// together.
func overlaps(holds []history.Hold, permits int, last time.Duration) []overlap {
	if !crowded(holds) {
		return nil
	}
	var found []overlap
	for key, edges := range edgesByKey(holds, last) {
		found = append(found, sweep(key, edges, holds, permits)...)
	}
	slices.SortFunc(found, func(a, b overlap) int {
		return cmp.Or(cmp.Compare(a.span.from, b.span.from), cmp.Compare(a.key, b.key))
	})
	return found
}

// crowded tells whether there may be an overlap, among holds in the order in which they began.
func crowded(holds []history.Hold) bool {
	ends := map[string]int64{}
	for i := range holds {
		h := &holds[i]
		if h.Start < ends[h.Acquire.Key] {
			return true
		}
		ends[h.Acquire.Key] = max(ends[h.Acquire.Key], h.End)
	}
	return false
}

func edgesByKey(holds []history.Hold, last time.Duration) map[string][]edge {
	byKey := map[string][]edge{}
	for i, h := range holds {
		if h.End < h.Start {
			continue // it was over before it began
		}
		byKey[h.Acquire.Key] = append(byKey[h.Acquire.Key],
			edge{seq: h.Start, at: h.StartAt, hold: i, start: true},
			edge{seq: h.End, at: min(h.EndAt, last), hold: i})
	}
	for _, edges := range byKey {
		slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.seq, b.seq) })
	}
	return byKey
}

func sweep(key string, edges []edge, holds []history.Hold, permits int) []overlap {
	var found []overlap
	var active []int
	var holders checker.Holders
	for _, e := range edges {
		before := holders.TooMany(permits)
		if mode := holds[e.hold].Acquire.Mode; e.start {
			active = append(active, e.hold)
			holders.Add(mode, 1)
		} else {
			active = slices.DeleteFunc(active, func(i int) bool { return i == e.hold })
			holders.Add(mode, -1)
		}
		switch after := holders.TooMany(permits); {
		case !before && after:
			found = append(found, overlap{key: key, span: span{from: e.at}, holds: slices.Clone(active)})
		case before && e.start:
			found[len(found)-1].holds = append(found[len(found)-1].holds, e.hold)
		case before && !after:
			found[len(found)-1].span.to = e.at
		}
	}
	return found
}

// holdSpan is a hold's time, to the end of the history if nothing ended it.
func holdSpan(h history.Hold, last time.Duration) span { return span{h.StartAt, min(h.EndAt, last)} }
