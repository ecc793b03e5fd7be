package results

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// mark draws a small sign around a point. Signs differ in shape, not only in colour.
type mark func(draw.Canvas, vg.Point)

const markRadius = vg.Length(4)

// crossMark says that a stale write was accepted.
func crossMark(c draw.Canvas, at vg.Point) {
	r := markRadius
	for _, s := range []draw.LineStyle{{Color: color.White, Width: 4.4}, {Color: ink, Width: 2.2}} {
		c.StrokeLine2(s, at.X-r, at.Y-r, at.X+r, at.Y+r)
		c.StrokeLine2(s, at.X-r, at.Y+r, at.X+r, at.Y-r)
	}
}

// refusedMark says that a stale write was refused: a no-entry sign in the colour of safety.
func refusedMark(c draw.Canvas, at vg.Point) {
	disc(c, at, markRadius+1, color.White)
	disc(c, at, markRadius, goodColor)
	c.StrokeLine2(draw.LineStyle{Color: color.White, Width: 1.6}, at.X-2.3, at.Y, at.X+2.3, at.Y)
}

// lostMark says that the holder learned that its lock was gone.
func lostMark(c draw.Canvas, at vg.Point) {
	polygon(c, at, markRadius+1.6, color.White)
	polygon(c, at, markRadius+0.4, lostColor)
}

// failMark stands for an operation that did not come out ok.
func failMark(c draw.Canvas, at vg.Point) {
	s := draw.LineStyle{Color: lostColor, Width: 1.1}
	const r = 2.4
	c.StrokeLine2(s, at.X-r, at.Y-r, at.X+r, at.Y+r)
	c.StrokeLine2(s, at.X-r, at.Y+r, at.X+r, at.Y-r)
}

func okMark(c draw.Canvas, at vg.Point) { disc(c, at, 1.6, holdColor) }

func disc(c draw.Canvas, at vg.Point, r vg.Length, fill color.Color) {
	var path vg.Path
	appendDisc(&path, at, r)
	c.SetColor(fill)
	c.Fill(path)
}

func appendDisc(path *vg.Path, at vg.Point, r vg.Length) {
	path.Move(vg.Point{X: at.X + r, Y: at.Y})
	path.Arc(at, r, 0, 2*math.Pi)
	path.Close()
}

// polygon is a triangle that points down.
func polygon(c draw.Canvas, at vg.Point, r vg.Length, fill color.Color) {
	c.FillPolygon(fill, []vg.Point{
		{X: at.X - r, Y: at.Y + r*0.7}, {X: at.X + r, Y: at.Y + r*0.7}, {X: at.X, Y: at.Y - r},
	})
}

func appendRect(path *vg.Path, x0, y0, x1, y1 vg.Length) {
	path.Move(vg.Point{X: x0, Y: y0})
	path.Line(vg.Point{X: x1, Y: y0})
	path.Line(vg.Point{X: x1, Y: y1})
	path.Line(vg.Point{X: x0, Y: y1})
	path.Close()
}
