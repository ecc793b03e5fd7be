package results

import (
	"iter"
	"slices"

	"lockquake/checker/history"
)

// handoffs yields the stretches from releases that make room in a full lock to the next acquires.
func (s *scene) handoffs() iter.Seq[span] {
	return func(yield func(span) bool) {
		if s.h.Header.Permits <= 1 && !crowded(s.holds) {
			s.successions(yield)
			return
		}
		for _, edges := range edgesByKey(s.holds, s.last) {
			if !s.handoffsOf(edges, yield) {
				return
			}
		}
	}
}

// successions are the handoffs where one hold is over before the next one begins.
func (s *scene) successions(yield func(span) bool) {
	latest := map[string]*history.Hold{}
	for i := range s.holds {
		hold := &s.holds[i]
		before := latest[hold.Acquire.Key]
		if before != nil && before.EndedBy == history.Release && !yield(span{before.EndAt, hold.StartAt}) {
			return
		}
		latest[hold.Acquire.Key] = hold
	}
}

// handoffsOf are those of one key. Full is a lock whose last permit is taken, or, shared or not, the only one.
func (s *scene) handoffsOf(edges []edge, yield func(span) bool) bool {
	holders, full := 0, max(s.h.Header.Permits, 1)
	var released *edge // that nobody came after yet
	for i, e := range edges {
		switch {
		case !e.start:
			if holders == full && s.holds[e.hold].EndedBy == history.Release {
				released = &edges[i]
			}
			holders--
			continue
		case released != nil && !yield(span{released.at, e.at}):
			return false
		}
		released = nil
		holders++
	}
	return true
}

// detections are the stretches in which holders believed on beside the next owner, until they were told that their
// lock was lost.
func (s *scene) detections() []span {
	var found []span
	for _, o := range s.overlaps {
		for _, i := range o.holds {
			hold := &s.holds[i]
			next := slices.IndexFunc(o.holds, func(j int) bool { return s.holds[j].Start > hold.Start })
			if hold.EndedBy != history.Lost || next < 0 {
				continue
			}
			if since := max(s.holds[o.holds[next]].StartAt, o.span.from); since <= hold.EndAt {
				found = append(found, span{since, hold.EndAt})
			}
		}
	}
	return found
}
