package results

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
)

// holderChart is a timeline as the report draws it: who believed to hold the lock. Rows count from above; places along it
// are in parts of its width, of which there are chartWidth.
type holderChart struct {
	By      string        `json:"by,omitempty"` // the checker whose counterexample it is; empty: it is the cell's own
	Why     string        `json:"why"`          // this part of the history is shown
	From    time.Duration `json:"from_ns"`
	To      time.Duration `json:"to_ns"`
	Clients []int32       `json:"clients"` // of the rows
	Left    int           `json:"left"`    // clients that are not shown
	Permits int           `json:"permits,omitempty"`
	Waits   []stretch     `json:"waits,omitempty"`
	Holds   []stretch     `json:"holds,omitempty"`
	Shared  []stretch     `json:"shared,omitempty"`
	TooMany []stretch     `json:"too_many,omitempty"` // where more hold it than may
	Tokens  []heldToken   `json:"tokens,omitempty"`
	Stale   []spot        `json:"stale,omitempty"` // writes that were accepted all the same
	Refused []spot        `json:"refused,omitempty"`
	Lost    []spot        `json:"lost,omitempty"`
	Crashed []spot        `json:"crashed,omitempty"`
	Faults  []faultStripe `json:"faults,omitempty"`
}

// chartWidth is the resolution of a timeline: one part is narrower than a pixel.
const chartWidth = 2000

// Limits of what a chart has, so that one of a hundred thousand holds is no larger than one of a thousand.
const (
	mostStretches = 300
	mostTokens    = 40
	mostSpots     = 60
	mostStripes   = 40
)

// stretch is [row, from, to].
type stretch [3]int

// spot is [row, at].
type spot [2]int

// heldToken is the token of a hold; About: the chart is about it, so it must be told even where it has no room.
type heldToken struct {
	At    stretch `json:"at"`
	Token int64   `json:"token"`
	About bool    `json:"about,omitempty"`
}

// faultStripe is a fault in a chart.
type faultStripe struct {
	From  int    `json:"from"`
	To    int    `json:"to"`
	Label string `json:"label"`
}

// holderChart is the timeline of a window.
func (s *scene) holderChart(w window, by string) holderChart {
	clients, left := s.clients(w, mostRows)
	bars := &holderBars{scene: s, window: w, row: map[int32]int{}}
	for i, client := range clients {
		bars.row[client] = i
	}
	return holderChart{
		By: by, Why: w.why, From: w.from, To: w.to, Clients: clients, Left: left, Permits: s.h.Header.Permits,
		Waits: w.stretches(bars.waits()), Holds: w.stretches(bars.holds(alone)), Shared: w.stretches(bars.holds(shared)),
		TooMany: w.stretches(slices.Values(bars.contested())), Tokens: bars.heldTokens(),
		Stale: w.spots(bars.writesAt(s.writes.stale)), Refused: w.spots(bars.writesAt(s.writes.refused)),
		Lost: w.spots(bars.infosAt(history.Lost)), Crashed: w.spots(bars.infosAt(history.Crash)),
		Faults: s.stripes(w),
	}
}

// place is where a time is in the window.
func (w window) place(at time.Duration) int {
	return int(float64(at-w.from)/max(float64(w.width()), 1)*chartWidth + 0.5)
}

// bar is where a span is in the window, cut to it.
func (w window) bar(s span) (from, to int) {
	s = s.clip(w.span)
	return w.place(s.from), max(w.place(s.to), w.place(s.from)+1)
}

// stretches are the bars of pieces. Those of a row that touch are one; where there are too many, so are those that
// are near each other.
func (w window) stretches(pieces iter.Seq[piece]) []stretch {
	rows := map[int][]stretch{}
	for p := range pieces { // those of a row in order
		from, to := w.bar(p.span)
		rows[p.row] = join(rows[p.row], stretch{p.row, from, to}, 0)
	}
	var all []stretch
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		all = append(all, rows[row]...)
	}
	for near := 0; ; near = 2*near + 1 {
		if all = joined(all, near); len(all) <= mostStretches || near > chartWidth {
			return all
		}
	}
}

// joined makes one of bars in order that are no farther apart than near.
func joined(bars []stretch, near int) []stretch {
	var all []stretch
	for _, b := range bars {
		all = join(all, b, near)
	}
	return all
}

// join adds a bar to others, or makes the last one longer.
func join(bars []stretch, b stretch, near int) []stretch {
	if n := len(bars); n > 0 && bars[n-1][0] == b[0] && b[1] <= bars[n-1][2]+near {
		bars[n-1][2] = max(bars[n-1][2], b[2])
		return bars
	}
	return append(bars, b)
}

// spots are the places of points; those that would hide each other are one.
func (w window) spots(points []point) []spot {
	const wide = chartWidth / 200
	var all []spot
	for _, p := range points {
		at := spot{int(p.y), w.place(time.Duration(p.x * float64(time.Second)))}
		hidden := slices.ContainsFunc(all, func(o spot) bool { return o[0] == at[0] && at[1]-o[1] < wide && o[1]-at[1] < wide })
		if !hidden && len(all) < mostSpots {
			all = append(all, at)
		}
	}
	return all
}

// heldTokens are those of the holds that the chart is about, then those of the longest.
func (b *holderBars) heldTokens() []heldToken {
	var all []heldToken
	for _, hold := range b.scene.holds {
		row, shown := b.row[hold.Acquire.Client]
		held := holdSpan(hold, b.scene.last)
		if !shown || !held.meets(b.window.span) || hold.Acquire.Token == 0 {
			continue
		}
		from, to := b.window.bar(held)
		about := b.window.holds[hold.Acquire.ID()]
		if wide := to-from >= chartWidth/100; wide || about {
			all = append(all, heldToken{stretch{row, from, to}, hold.Acquire.Token, about})
		}
	}
	slices.SortStableFunc(all, func(a, b heldToken) int { return cmp.Compare(b.weight(), a.weight()) })
	return all[:min(len(all), mostTokens)]
}

func (t heldToken) weight() int {
	if t.About {
		return chartWidth + 1
	}
	return t.At[2] - t.At[1]
}

// stripes are the faults that show in a window.
func (s *scene) stripes(w window) []faultStripe {
	var all []faultStripe
	for _, i := range s.injections {
		if acted := s.faultSpan(i); acted.meets(w.span) && len(all) < mostStripes {
			from, to := w.bar(acted)
			all = append(all, faultStripe{from, to, faultLabel(i)})
		}
	}
	return all
}

// holderCharts are the timeline of a cell and those of what was broken in it, as there are pictures of.
func (s *scene) holderCharts(verdicts []checker.Verdict) []holderChart {
	holders := []holderChart{s.holderChart(s.telling(verdicts), "")}
	for _, e := range s.exhibits(verdicts) {
		holders = append(holders, s.holderChart(e.window, e.checker))
	}
	return holders
}
