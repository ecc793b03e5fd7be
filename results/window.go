package results

import (
	"fmt"
	"slices"
	"time"

	"lockquake/checker"
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

// newScene takes what was judged of the history, as far as it is known.
func newScene(h *history.History, judged ...checker.Verdict) *scene {
	marked := markedWrites(h, judged) // before what is kept: both take memory
	s := unmarked(h)
	s.writes = marked
	return s
}

// unmarked is a scene for what is measured, to which writes do not matter.
func unmarked(h *history.History) *scene {
	s := &scene{h: h, last: h.Last(), holds: h.Holds(), injections: h.Injections()}
	s.overlaps = overlaps(s.holds, h.Header.Permits, s.last)
	return s
}

// window is the part of a history that a timeline shows, and why this one.
type window struct {
	span
	why   string
	holds map[history.OpID]bool // the acquires that it is about
}

// telling chooses the window that explains a cell: what the gravest verdict with evidence found, else the
// first fault, else the end.
func (s *scene) telling(verdicts []checker.Verdict) window {
	for _, v := range byGravity(verdicts) {
		if w, ok := s.about(v); ok {
			return w
		}
	}
	if len(s.injections) > 0 {
		first := s.faultSpan(s.injections[0])
		reach := s.h.Header.TTL / 2
		return window{span: s.frame(span{first.from - reach, first.to + reach}), why: "around the first fault"}
	}
	if s.last <= calmWindow {
		return window{span: span{0, s.last}, why: "all of it"}
	}
	return window{span: span{s.last - calmWindow, s.last}, why: "the last second"}
}

// about is the window of a verdict's evidence; false: there is none.
func (s *scene) about(v checker.Verdict) (window, bool) {
	from, to, ok := checker.Window(*s.h, v)
	if !ok {
		return window{}, false
	}
	w := window{span{from, to}, "what " + v.Checker + " found", map[history.OpID]bool{}}
	for _, id := range v.Evidence {
		if o := s.h.Find(id); o != nil {
			w.holds[o.Hold] = true
		}
	}
	if w.width() > mostWindow {
		w.span = w.clip(s.core(w))
	}
	w.span = s.frame(w.span)
	return w, true
}

// core is what to show of a window that is too wide: where the last of its holds began, else its beginning.
func (s *scene) core(w window) span {
	middle := w.from + mostWindow/2
	for _, hold := range s.holds {
		if w.holds[hold.Acquire.ID()] {
			middle = max(middle, hold.StartAt)
		}
	}
	return span{middle - mostWindow/2, middle + mostWindow/2}
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

// clients lists the clients that did something in the window, those that it is about, or with an overlap or a
// marked write, first if there are more than the limit, and how many were left out.
func (s *scene) clients(w window, limit int) (shown []int32, left int) {
	active := map[int32]int{}
	for _, o := range s.h.Ops {
		if o.Client >= 0 && o.Op == history.Acquire && (span{o.CallAt, min(o.ReturnAt, s.last)}).meets(w.span) {
			active[o.Client]++
		}
		if w.holds[o.ID()] {
			active[o.Client] += 2 * len(s.h.Ops)
		}
	}
	for _, hold := range s.holds {
		if holdSpan(hold, s.last).meets(w.span) {
			active[hold.Acquire.Client]++
		}
	}
	for client := range s.involved(w.span) {
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
