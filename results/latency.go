package results

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lockquake/checker/history"
)

// leastLatency is the lower end of latency axes: what is faster is drawn there.
const leastLatency = 10 * time.Microsecond

// timeAxis is the label of every axis of time.
const timeAxis = "time since the start (s)"

// latencyOverTime is the picture of what it took to get the lock, and of when nobody got it.
func latencyOverTime(s *scene, title string) figure {
	waits, teeth := dots{s.h, s.last}, oldestWaiter(waitSteps(s.h), s.last)
	lo, hi, failed := latencyRange(waits, teeth)
	p := newPlot(timeAxis)
	p.X.Min, p.X.Max = 0, math.Max(s.last.Seconds(), 1e-3)
	p.X.Tick.Marker = secondTicks{}
	logRange(&p.Y, lo, hi)
	p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, 0.08) // room for the names of faults
	p.Add(shade{s}, grid(), sawtooth(teeth), waits, faultNames{s})
	return figure{
		title:    title,
		subtitle: "Each acquire at the moment it returned, and how long the oldest waiter had waited by then: a line that climbs without dots is an outage",
		keys:     latencyKeys(s, failed),
		y:        "time to acquire (log scale)",
		panels:   [][]*plot.Plot{{p}},
		height:   330,
	}
}

func latencyKeys(s *scene, failed int) []key {
	keys := []key{{"acquired", dot(okMark)}}
	if failed > 0 {
		keys = append(keys, key{fmt.Sprintf("not acquired, or not known (%d)", failed), dot(failMark)})
	}
	keys = append(keys, key{"age of the oldest waiter", stroke(ageStyle())})
	if len(s.injections) > 0 {
		keys = append(keys, key{"fault", faultThumb})
	}
	return keys
}

func ageStyle() draw.LineStyle { return draw.LineStyle{Color: ageColor, Width: 0.8} }

// dots are the acquires of a history that returned, in seconds.
type dots struct {
	h    *history.History
	last time.Duration
}

// all yields those that came out ok, or the others.
func (d dots) all(ok bool) iter.Seq[point] {
	return func(yield func(point) bool) {
		for i := range d.h.Ops {
			o := &d.h.Ops[i]
			if !waits(o) || o.ReturnAt > d.last || ok != (o.Outcome == history.OK) {
				continue
			}
			if !yield(point{o.ReturnAt.Seconds(), max(o.ReturnAt-o.Due(), leastLatency).Seconds()}) {
				return
			}
		}
	}
}

// latencyRange gives the shortest and the longest that is to be drawn, and how many dots did not come out ok.
func latencyRange(d dots, teeth iter.Seq[tooth]) (lo, hi time.Duration, failed int) {
	least, most := math.Inf(1), leastLatency.Seconds()
	for _, ok := range []bool{true, false} {
		for at := range d.all(ok) {
			least, most = math.Min(least, at.y), math.Max(most, at.y)
			if !ok {
				failed++
			}
		}
	}
	for t := range teeth {
		most = math.Max(most, (t.to - t.call).Seconds())
	}
	if math.IsInf(least, 1) {
		least = time.Millisecond.Seconds()
	}
	return time.Duration(least * 1e9), time.Duration(most * 1e9), failed
}

// mostDots is about how many dots a plot has. Where more would be drawn over each other, one stands
// for all in its cell of a grid; since every cell that has any keeps one, extremes stay.
const mostDots = 2500

// Plot implements plot.Plotter.
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	place := func(at point) vg.Point { return vg.Point{X: x(at.x), Y: y(at.y)} }
	c.SetColor(holdColor)
	for some := range slices.Chunk(thinned(d.all(true), place), chunk) {
		var path vg.Path
		for _, at := range some {
			appendDisc(&path, at, 1.3)
		}
		c.Fill(path)
	}
	for _, at := range thinned(d.all(false), place) {
		failMark(c, at)
	}
}

// chunk is how many pieces go into one path: the rasterizer's time grows with the square of a path,
// and an SVG with the number of paths.
const chunk = 128

func thinned(points iter.Seq[point], place func(point) vg.Point) []vg.Point {
	var kept []vg.Point
	var g dotGrid
	for p := range points {
		at := place(p)
		if g.taken != nil && !g.take(at) {
			continue
		}
		kept = append(kept, at)
		for len(kept) > mostDots {
			g.coarsen()
			kept = slices.DeleteFunc(kept, func(at vg.Point) bool { return !g.take(at) })
		}
	}
	return kept
}

// dotGrid is a grid of which the first point of every cell is kept.
type dotGrid struct {
	cell  vg.Length
	taken map[[2]int32]bool // nil: there is no need for it yet
}

// coarsen empties the grid and makes its cells larger.
func (g *dotGrid) coarsen() {
	g.cell = max(0.5, 1.4*g.cell)
	g.taken = map[[2]int32]bool{}
}

// take tells whether a point is the first of its cell.
func (g *dotGrid) take(at vg.Point) bool {
	in := [2]int32{int32(at.X / g.cell), int32(at.Y / g.cell)}
	if g.taken[in] {
		return false
	}
	g.taken[in] = true
	return true
}
