package results

import (
	"iter"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// sawtooth draws the age of the oldest waiter; where nobody waits there is no line.
type sawtooth iter.Seq[tooth]

// Plot implements plot.Plotter.
func (s sawtooth) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var line envelope
	place := func(at, age time.Duration) vg.Point {
		return vg.Point{X: x(at.Seconds()), Y: y(math.Max(age.Seconds(), p.Y.Min))}
	}
	for t := range s {
		from, to := place(t.from, t.from-t.call), place(t.to, t.to-t.call)
		if from.X-line.last.X > column {
			line.lift()
		}
		line.to(from)
		for at := from.X + 2*column; at < to.X; at += 2 * column { // straight in time is curved on a log axis
			done := time.Duration(float64(t.width()) * float64((at-from.X)/(to.X-from.X)))
			line.to(place(t.from+done, t.from+done-t.call))
		}
		line.to(to)
	}
	line.lift()
	c.SetLineStyle(ageStyle())
	for _, path := range line.paths {
		c.Stroke(path)
	}
}

// column is the width within which an envelope keeps only the extremes of a line.
const column = vg.Length(0.75)

// envelope draws a line of any number of points with at most four a column, and looks the same:
// the first, the lowest, the highest and the last
// (M4, Jugel et al., VLDB 2014, https://www.vldb.org/pvldb/vol7/p797-jugel.pdf).
type envelope struct {
	paths                  []vg.Path
	first, low, high, last vg.Point
	drawing, down          bool // down: the pen is on the paper
}

func (e *envelope) to(p vg.Point) {
	if e.drawing && p.X-e.first.X < column {
		if p.Y < e.low.Y {
			e.low = p
		}
		if p.Y > e.high.Y {
			e.high = p
		}
		e.last = p
		return
	}
	e.flush()
	e.first, e.low, e.high, e.last, e.drawing = p, p, p, p, true
}

// flush puts the column on paper.
func (e *envelope) flush() {
	if !e.drawing {
		return
	}
	for _, p := range []vg.Point{e.first, e.low, e.high, e.last} {
		e.put(p)
	}
	e.drawing = false
}

// put draws on to p. A path that has become long is continued by another from its last point.
func (e *envelope) put(p vg.Point) {
	if !e.down {
		e.begin(p)
		return
	}
	path := &e.paths[len(e.paths)-1]
	pen := (*path)[len(*path)-1].Pos
	if pen == p {
		return
	}
	if len(*path) >= chunk {
		e.begin(pen)
		path = &e.paths[len(e.paths)-1]
	}
	path.Line(p)
}

func (e *envelope) begin(p vg.Point) {
	var path vg.Path
	path.Move(p)
	e.paths = append(e.paths, path)
	e.down = true
}

// lift ends the line; the next point begins another.
func (e *envelope) lift() {
	e.flush()
	e.down = false
}
