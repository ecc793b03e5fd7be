package results

import (
	"image/color"
	"iter"
	"maps"
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

// fill draws all bars of one colour; half is half of a bar's height, in rows. Those of a row come in the order of
// their beginnings.
func (f painter) fill(c color.Color, half float64, pieces iter.Seq[piece]) {
	rows := map[int][]bounds{}
	for p := range pieces {
		if !p.meets(f.window) {
			continue
		}
		left, right := f.ends(p.span)
		drawn := rows[p.row]
		if last := len(drawn) - 1; last >= 0 && left < drawn[last].right+closest {
			drawn[last].right = max(drawn[last].right, right)
			continue
		}
		rows[p.row] = append(drawn, bounds{left, right})
	}
	f.c.SetColor(c)
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		bottom, top := f.y(float64(row)+barMiddle-half), f.y(float64(row)+barMiddle+half)
		for some := range slices.Chunk(rows[row], chunk) {
			var path vg.Path
			for _, bar := range some {
				appendRect(&path, bar.left, bottom, bar.right, top)
			}
			f.c.Fill(path)
		}
	}
}

// bounds are the edges of what is drawn as one bar.
type bounds struct{ left, right vg.Length }

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
