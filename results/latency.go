package results

import (
	"fmt"
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
	waits := waitDots(s.h, s.last)
	teeth := oldestWaiter(waitSteps(s.h), s.last)
	lo, hi := latencyRange(waits, teeth)
	p := newPlot(timeAxis)
	p.X.Min, p.X.Max = 0, math.Max(s.last.Seconds(), 1e-3)
	p.X.Tick.Marker = secondTicks{}
	logRange(&p.Y, lo, hi)
	p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, 0.08) // room for the names of faults
	p.Add(shade{s}, grid(), sawtooth(teeth), waits, faultNames{s})
	return figure{
		title:    title,
		subtitle: "Each acquire at the moment it returned, and how long the oldest waiter had waited by then: a line that climbs without dots is an outage",
		keys:     latencyKeys(s, waits),
		y:        "time to acquire (log scale)",
		panels:   [][]*plot.Plot{{p}},
		height:   330,
	}
}

func latencyKeys(s *scene, dots dots) []key {
	keys := []key{{"acquired", dot(okMark)}}
	if len(dots.failed) > 0 {
		keys = append(keys, key{fmt.Sprintf("not acquired, or not known (%d)", len(dots.failed)), dot(failMark)})
	}
	keys = append(keys, key{"age of the oldest waiter", stroke(ageStyle())})
	if len(s.injections) > 0 {
		keys = append(keys, key{"fault", faultThumb})
	}
	return keys
}

func ageStyle() draw.LineStyle { return draw.LineStyle{Color: ageColor, Width: 0.8} }

// dots are the acquires that returned, in seconds.
type dots struct{ ok, failed []point }

func waitDots(h *history.History, last time.Duration) dots {
	var d dots
	for _, o := range h.Ops {
		if !waits(&o) || o.ReturnAt > last {
			continue
		}
		at := point{o.ReturnAt.Seconds(), max(o.ReturnAt-o.Due(), leastLatency).Seconds()}
		if o.Outcome == history.OK {
			d.ok = append(d.ok, at)
		} else {
			d.failed = append(d.failed, at)
		}
	}
	return d
}

func latencyRange(d dots, teeth []tooth) (lo, hi time.Duration) {
	least, most := math.Inf(1), leastLatency.Seconds()
	for _, at := range append(d.ok[:len(d.ok):len(d.ok)], d.failed...) {
		least, most = math.Min(least, at.y), math.Max(most, at.y)
	}
	for _, t := range teeth {
		most = math.Max(most, (t.to - t.call).Seconds())
	}
	if math.IsInf(least, 1) {
		least = time.Millisecond.Seconds()
	}
	return time.Duration(least * 1e9), time.Duration(most * 1e9)
}

// mostDots is about how many dots a plot has. Where more would be drawn over each other, one stands
// for all in its cell of a grid; since every cell that has any keeps one, extremes stay.
const mostDots = 2500

// Plot implements plot.Plotter.
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	place := func(at point) vg.Point { return vg.Point{X: x(at.x), Y: y(at.y)} }
	c.SetColor(holdColor)
	for some := range slices.Chunk(thinned(d.ok, place), chunk) {
		var path vg.Path
		for _, at := range some {
			appendDisc(&path, at, 1.3)
		}
		c.Fill(path)
	}
	for _, at := range thinned(d.failed, place) {
		failMark(c, at)
	}
}

// chunk is how many pieces go into one path: the rasterizer's time grows with the square of a path,
// and an SVG with the number of paths.
const chunk = 128

func thinned(points []point, place func(point) vg.Point) []vg.Point {
	kept := make([]vg.Point, len(points))
	for i, p := range points {
		kept[i] = place(p)
	}
	for cell := vg.Length(0.5); len(kept) > mostDots; cell *= 1.4 {
		kept = thin(kept, cell)
	}
	return kept
}

// thin keeps the first point of every cell of a grid.
func thin(points []vg.Point, cell vg.Length) []vg.Point {
	var kept []vg.Point
	taken := map[[2]int32]bool{}
	for _, at := range points {
		in := [2]int32{int32(at.X / cell), int32(at.Y / cell)}
		if !taken[in] {
			taken[in] = true
			kept = append(kept, at)
		}
	}
	return kept
}
