package results

import (
	"cmp"
	"image/color"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// painter draws bars and marks in rows over time.
type painter struct {
	c      draw.Canvas
	x, y   func(float64) vg.Length
	window span
}

// Bars thinner or closer than this are drawn as thick as this, and as one: a window with a hundred
// thousand holds is as fast to draw as one with a thousand.
const (
	thinnest = vg.Length(0.7)
	closest  = vg.Length(0.4)
)

// ends are the edges of a span, cut to the window.
func (f painter) ends(s span) (left, right vg.Length) {
	at := func(t time.Duration) vg.Length {
		return min(max(f.x(t.Seconds()), f.c.Min.X), f.c.Max.X)
	}
	left, right = at(s.from), at(s.to)
	return left, max(right, left+thinnest)
}

// fill draws all bars of one colour as one path; half is half of a bar's height, in rows.
func (f painter) fill(c color.Color, half float64, pieces []piece) {
	slices.SortFunc(pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.from, b.from))
	})
	var path vg.Path
	var left, right vg.Length
	row := -1
	flush := func() {
		if row >= 0 {
			middle := float64(row) + barMiddle
			appendRect(&path, left, f.y(middle-half), right, f.y(middle+half))
		}
	}
	for _, p := range pieces {
		if !p.meets(f.window) {
			continue
		}
		l, r := f.ends(p.span)
		if p.row == row && l < right+closest {
			right = max(right, r)
			continue
		}
		flush()
		row, left, right = p.row, l, r
	}
	flush()
	f.c.SetColor(c)
	f.c.Fill(path)
}

// marks draws a sign at each point; signs that would hide each other are drawn once.
func (f painter) marks(m mark, at []point) {
	drawn := map[[2]int]bool{}
	for _, p := range at {
		place := vg.Point{X: f.x(p.x), Y: f.y(p.y)}
		cell := [2]int{int(place.X / 2), int(place.Y)}
		if !drawn[cell] {
			drawn[cell] = true
			m(f.c, place)
		}
	}
}
