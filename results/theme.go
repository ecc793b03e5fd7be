package results

import (
	"image/color"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Every colour means one thing in all pictures. Red is for overlaps and for nothing else, so that a
// picture without red is a picture without a broken lock.
var (
	ink        = rgb(0x22, 0x26, 0x2b)
	faint      = rgb(0x6b, 0x72, 0x7a)
	gridColor  = rgb(0xe8, 0xea, 0xed)
	holdColor  = rgb(0x1f, 0x6f, 0xb4)
	shareColor = rgb(0x3d, 0xa0, 0xa8)
	waitColor  = rgb(0xbc, 0xd5, 0xea)
	redColor   = rgb(0xd3, 0x2f, 0x2f)
	faultColor = rgb(0xfb, 0xef, 0xd0)
	faultEdge  = rgb(0xd9, 0xa4, 0x1b)
	faultInk   = rgb(0x7d, 0x5a, 0x00)
	goodColor  = rgb(0x00, 0x8a, 0x64)
	lostColor  = rgb(0xb0, 0x5a, 0x95)
	ageColor   = rgb(0xe0, 0x7b, 0x00)
)

// lineColors tell strategies apart: Okabe and Ito's palette, which the colour-blind can read
// (https://jfly.uni-koeln.de/color/), without its red and with its yellow and black made visible on white.
var lineColors = []color.Color{
	rgb(0x00, 0x72, 0xb2), rgb(0xe6, 0x9f, 0x00), rgb(0x00, 0x9e, 0x73), rgb(0xcc, 0x79, 0xa7),
	rgb(0x56, 0xb4, 0xe9), rgb(0x4d, 0x4d, 0x4d), rgb(0xb5, 0xa0, 0x1c), rgb(0x6a, 0x3d, 0x9a),
}

// dashes repeat the palette in another pattern where it is too short.
var dashes = [][]vg.Length{nil, {4, 2}, {1, 1.5}}

func rgb(r, g, b uint8) color.Color { return color.NRGBA{r, g, b, 0xff} }

func seriesStyle(i int) draw.LineStyle {
	return draw.LineStyle{
		Color:  lineColors[i%len(lineColors)],
		Width:  1.6,
		Dashes: dashes[i/len(lineColors)%len(dashes)],
	}
}

func textStyle(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size),
		YAlign:  text.YBottom,
		Handler: plot.DefaultTextHandler,
	}
}

func boldStyle(size vg.Length, c color.Color) text.Style {
	s := textStyle(size, c)
	s.Font.Weight = xfont.WeightBold
	return s
}

// newPlot is an empty plot in the theme. What its y axis shows is the figure's business: written
// upright, gonum gives it room at the wrong place on a log axis, and it is hard to read.
func newPlot(x string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	themeAxis(&p.X, x)
	themeAxis(&p.Y, "")
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XCenter, text.YTop
	p.Y.Tick.Label.XAlign, p.Y.Tick.Label.YAlign = text.XRight, text.YCenter
	p.X.Label.TextStyle.XAlign = text.XCenter
	return p
}

func themeAxis(a *plot.Axis, label string) {
	a.Label.Text = label
	a.Label.TextStyle = textStyle(9, faint)
	a.Label.Padding = 3
	a.Padding = 0
	a.Tick.Label = textStyle(8.5, ink)
	a.Tick.Length = 3
	a.Tick.Color = faint
	a.Color = faint
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = gridColor, gridColor
	g.Vertical.Width, g.Horizontal.Width = 0.6, 0.6
	return g
}

// panelTitle heads one panel of several.
func panelTitle(p *plot.Plot, title string) {
	p.Title.Text = title
	p.Title.Padding = 4
	p.Title.TextStyle = boldStyle(9.5, ink)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = text.XCenter, text.YTop
}

func verticalGrid() *plotter.Grid {
	g := grid()
	g.Horizontal.Color = nil
	return g
}

func horizontalGrid() *plotter.Grid {
	g := grid()
	g.Vertical.Color = nil
	return g
}
