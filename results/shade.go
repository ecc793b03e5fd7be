package results

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lockquake/checker/history"
)

// shade tints the windows of faults.
type shade struct{ scene *scene }

// Plot implements plot.Plotter.
func (s shade) Plot(c draw.Canvas, p *plot.Plot) {
	s.scene.eachFault(c, p, func(_ history.Injection, left, right vg.Length) { drawWindow(c, left, right) })
}

// faultNames writes the names and targets of faults at the top of the plot, where there is room.
type faultNames struct{ scene *scene }

// Plot implements plot.Plotter.
func (n faultNames) Plot(c draw.Canvas, p *plot.Plot) {
	free := c.Min.X
	n.scene.eachFault(c, p, func(i history.Injection, left, right vg.Length) { free = label(c, left, right, free, faultLabel(i)) })
}

// eachFault visits the faults that show in a plot, with the edges of their windows.
func (s *scene) eachFault(c draw.Canvas, p *plot.Plot, visit func(i history.Injection, left, right vg.Length)) {
	x, _ := p.Transforms(&c)
	for _, i := range s.injections {
		f := s.faultSpan(i)
		if f.to.Seconds() < p.X.Min || f.from.Seconds() > p.X.Max {
			continue
		}
		left := max(x(f.from.Seconds()), c.Min.X)
		visit(i, left, max(min(x(f.to.Seconds()), c.Max.X), left+1))
	}
}

func drawWindow(c draw.Canvas, left, right vg.Length) {
	var path vg.Path
	appendRect(&path, left, c.Min.Y, right, c.Max.Y)
	c.SetColor(faultColor)
	c.Fill(path)
	style := draw.LineStyle{Color: faultEdge, Width: 0.8}
	c.StrokeLine2(style, left, c.Min.Y, left, c.Max.Y)
	c.StrokeLine2(style, right, c.Min.Y, right, c.Max.Y)
}

// label writes at the top edge, right of what is written already, and gives where the next label may
// begin. One that does not fit, or would stand behind its own window, is left out: the report lists every
// injection.
func label(c draw.Canvas, left, right, free vg.Length, text string) vg.Length {
	style := boldStyle(8.5, faultInk)
	width := style.Width(text) + 6
	x := max(min(left, c.Max.X-width), free)
	if x+width > c.Max.X || x > right {
		return free
	}
	c.FillText(style, vg.Point{X: x + 3, Y: c.Max.Y - 11}, text)
	return x + width
}

func faultLabel(i history.Injection) string {
	text := i.Inject.Fault
	if i.Inject.Note != "" {
		text += ": " + i.Inject.Note
	}
	if !i.Observed() {
		text += " (no evidence seen)"
	}
	return text
}
