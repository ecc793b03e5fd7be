package results

import (
	"slices"
	"time"
)

// gaps are the stretches between grants, in time order, from when the lock was first asked for to when the workload
// stopped.
func (s *scene) gaps() []span {
	if len(s.injections) == 0 {
		return nil // nobody asks
	}
	stop, _ := s.windDown()
	since := s.begin()
	gaps := make([]span, 0, len(s.holds)+1)
	for i := range s.holds {
		at := s.holds[i].StartAt
		gaps = append(gaps, span{since, at})
		since = at
	}
	if stop > since {
		gaps = append(gaps, span{since, stop})
	}
	return gaps
}

// longestOf is the longest of gaps in time order that a span falls into.
func longestOf(gaps []span, in span) time.Duration {
	longest := time.Duration(0)
	first, _ := slices.BinarySearchFunc(gaps, in.from, func(g span, at time.Duration) int { return int(g.to - at) })
	for _, g := range gaps[first:] {
		if g.from > in.to {
			break
		}
		longest = max(longest, g.width())
	}
	return longest
}
