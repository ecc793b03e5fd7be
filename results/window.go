package results

import (
	"fmt"
	"slices"
	"time"

	"lockquake/checker/history"
)

// Limits of what a timeline shows: less is a smear, more is a bar code.
const (
	leastWindow = 60 * time.Millisecond
	mostWindow  = 20 * time.Second
	calmWindow  = time.Second
)

// scene is a history as the pictures need it, worked out once.
type scene struct {
	h          *history.History
	last       time.Duration
	holds      []history.Hold
	overlaps   []overlap
	injections []history.Injection
	writes     writes
}

func newScene(h *history.History) *scene {
	s := &scene{h: h, last: h.Last(), holds: h.Holds(), injections: h.Injections(), writes: markedWrites(h)}
	s.overlaps = overlaps(s.holds, s.last)
	return s
}

// window is the part of a history that a timeline shows, and why this one.
type window struct {
	span
	why string
}

// telling chooses the window that explains the verdict: what focus is about, else the first fault,
// else the end.
func (s *scene) telling() window {
	if pair, about := s.focus(); pair != nil {
		return window{s.frame(s.around(pair)), "around " + about}
	}
	if len(s.injections) > 0 {
		first := s.faultSpan(s.injections[0])
		reach := s.h.Header.TTL / 2
		return window{s.frame(span{first.from - reach, first.to + reach}), "around the first fault"}
	}
	if s.last <= calmWindow {
		return window{span{0, s.last}, "all of it"}
	}
	return window{span{s.last - calmWindow, s.last}, "the last second"}
}

// focus is the two holds that the picture is about, in the order of their beginnings, and why: the first
// that wrote stale data while another held the lock, else the first whose stale write was refused,
// else the first that overlapped. None: nil.
func (s *scene) focus() (pair []int, about string) {
	if pair := s.overlapOf(s.writes.stale); pair != nil {
		return pair, "the first overlap that let a stale write in"
	}
	if pair := s.overlapOf(s.writes.refused); pair != nil {
		return pair, "the first overlap with a stale write, which was refused"
	}
	if len(s.overlaps) == 0 {
		return nil, ""
	}
	return s.overlaps[0].holds[:2], "the first overlap of holds"
}

// overlapOf is the first overlapping pair of holds one of which made one of the writes.
func (s *scene) overlapOf(writes []history.Operation) []int {
	made := map[history.OpID]bool{}
	for _, w := range writes {
		made[w.Hold] = true
	}
	for _, o := range s.overlaps {
		for _, i := range o.holds {
			if !made[s.holds[i].Acquire.ID] {
				continue
			}
			if other := s.rival(o, i); other >= 0 {
				return []int{min(i, other), max(i, other)}
			}
		}
	}
	return nil
}

// rival is the first other hold of an overlap that overlapped hold i; -1: none.
func (s *scene) rival(o overlap, i int) int {
	for _, other := range o.holds {
		a, b := s.holds[i], s.holds[other]
		if other != i && a.Start < b.End && b.Start < a.End {
			return other
		}
	}
	return -1
}

// around is the time of two overlapping holds and of the faults that met them.
func (s *scene) around(pair []int) span {
	a, b := holdSpan(s.holds[pair[0]], s.last), holdSpan(s.holds[pair[1]], s.last)
	held := span{min(a.from, b.from), max(a.to, b.to)}
	if held.width() > mostWindow {
		held = held.clip(span{b.from - mostWindow/2, b.from + mostWindow/2})
	}
	around := held
	for _, i := range s.injections {
		if f := s.faultSpan(i); f.meets(held) && f.width() < mostWindow/2 {
			around = span{min(around.from, f.from), max(around.to, f.to)}
		}
	}
	return around
}

// frame leaves air around a span and keeps it within the history and the limits.
func (s *scene) frame(w span) span {
	air := max(w.width()/12, (leastWindow-w.width())/2)
	w = span{w.from - air, w.to + air}.clip(span{0, s.last})
	w.to = min(w.to, w.from+mostWindow+mostWindow/4)
	return w
}

func (s *scene) faultSpan(i history.Injection) span {
	return span{i.Inject.CallAt, min(i.End(), s.last)}
}

// clients lists the clients that did something in the window, those with an overlap or a marked
// write first if there are more than the limit, and how many were left out.
func (s *scene) clients(w span, limit int) (shown []int32, left int) {
	active := map[int32]int{}
	for _, o := range s.h.Ops {
		if o.Client >= 0 && o.Op == history.Acquire && (span{o.CallAt, min(o.ReturnAt, s.last)}).meets(w) {
			active[o.Client]++
		}
	}
	for _, hold := range s.holds {
		if holdSpan(hold, s.last).meets(w) {
			active[hold.Acquire.Client]++
		}
	}
	for client := range s.involved(w) {
		active[client] += len(s.h.Ops)
	}
	for client := range active {
		shown = append(shown, client)
	}
	slices.SortFunc(shown, func(a, b int32) int {
		if active[a] != active[b] {
			return active[b] - active[a]
		}
		return int(a - b)
	})
	if len(shown) > limit {
		shown, left = shown[:limit], len(shown)-limit
	}
	slices.Sort(shown)
	return shown, left
}

// involved are the clients of overlaps and of marked writes in a window.
func (s *scene) involved(w span) map[int32]bool {
	clients := map[int32]bool{}
	for _, o := range s.overlaps {
		for _, i := range o.holds {
			if o.span.meets(w) {
				clients[s.holds[i].Acquire.Client] = true
			}
		}
	}
	for _, o := range slices.Concat(s.writes.stale, s.writes.refused) {
		if o.ReturnAt >= w.from && o.ReturnAt <= w.to {
			clients[o.Client] = true
		}
	}
	return clients
}

func (w window) String() string {
	return fmt.Sprintf("shown: %s, from %.3f s to %.3f s", w.why, w.from.Seconds(), w.to.Seconds())
}
