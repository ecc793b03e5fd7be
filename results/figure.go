package results

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Sizes of a figure, in points. The PNG has two pixels a point.
const (
	figureWidth = vg.Length(660)
	margin      = vg.Length(12)
	dpi         = 144
)

// figure is one picture: title, subtitle and legend above, panels in a grid below. The legend has a
// row of its own, so that it can never cover data.
type figure struct {
	title    string
	subtitle string
	keys     []key
	y        string // what goes up, written level above the axis
	panels   [][]*plot.Plot
	height   vg.Length
}

// key is an entry of the legend: a small drawing and what it means.
type key struct {
	label string
	thumb func(draw.Canvas)
}

// save writes base.png and base.svg.
func (f figure) save(base string) error {
	raster := vgimg.NewWith(vgimg.UseWH(figureWidth, f.height), vgimg.UseDPI(dpi))
	f.draw(draw.New(raster))
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, raster.Image()); err != nil {
		return fmt.Errorf("draw %s.png: %w", base, err)
	}
	if err := writeFile(base+".png", buf.Bytes()); err != nil {
		return err
	}
	vector := vgsvg.New(figureWidth, f.height)
	f.draw(draw.New(vector))
	buf.Reset()
	if _, err := vector.WriteTo(&buf); err != nil {
		return fmt.Errorf("draw %s.svg: %w", base, err)
	}
	return writeFile(base+".svg", withFallbackFonts(buf.Bytes()))
}

// withFallbackFonts lets viewers without the Liberation fonts take their metric twins instead of a serif.
func withFallbackFonts(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
}

func (f figure) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	f.drawPanels(f.drawHeader(c))
}

// drawHeader gives back the canvas that is left below the header.
func (f figure) drawHeader(c draw.Canvas) draw.Canvas {
	c.Max.Y -= 13
	c.FillText(boldStyle(13, ink), vg.Point{X: c.Min.X, Y: c.Max.Y}, f.title)
	c.Max.Y -= 16
	small := textStyle(9, faint)
	for _, line := range wrap(small, f.subtitle, c.Max.X-c.Min.X) {
		c.FillText(small, vg.Point{X: c.Min.X, Y: c.Max.Y}, line)
		c.Max.Y -= 12
	}
	c.Max.Y = f.drawKeys(c) - 8
	if f.y != "" {
		c.Max.Y -= 10
		c.FillText(small, vg.Point{X: c.Min.X, Y: c.Max.Y}, "\u2191 "+f.y)
		c.Max.Y -= 5
	}
	return c
}

// drawKeys draws the legend and gives the lower edge of it.
func (f figure) drawKeys(c draw.Canvas) vg.Length {
	if len(f.keys) == 0 {
		return c.Max.Y
	}
	const thumb, height, gap = 18, 9, 14
	label := textStyle(9, ink)
	x, y := c.Min.X, c.Max.Y-height+3
	for _, k := range f.keys {
		width := thumb + 4 + label.Width(k.label)
		if x > c.Min.X && x+width > c.Max.X {
			x, y = c.Min.X, y-height-5
		}
		box := c
		box.Min, box.Max = vg.Point{X: x, Y: y}, vg.Point{X: x + thumb, Y: y + height}
		k.thumb(box)
		c.FillText(label, vg.Point{X: x + thumb + 4, Y: y}, k.label)
		x += width + gap
	}
	return y - 2
}

func (f figure) drawPanels(c draw.Canvas) {
	tiles := draw.Tiles{Rows: len(f.panels), Cols: len(f.panels[0]), PadX: 14, PadY: 12}
	for row, canvases := range plot.Align(f.panels, tiles, c) {
		for col, canvas := range canvases {
			if p := f.panels[row][col]; p != nil {
				p.Draw(canvas)
			}
		}
	}
}

// wrap breaks a sentence into lines that are no wider than width where it has spaces.
func wrap(s text.Style, sentence string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(sentence) {
		longer := line + " " + word
		if line == "" {
			longer = word
		}
		if line != "" && s.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	return append(lines, line)
}

// bar is the thumb of an area, of the given part of the full height.
func bar(c color.Color, part vg.Length) func(draw.Canvas) {
	return func(box draw.Canvas) {
		middle, half := box.Center().Y, (box.Max.Y-box.Min.Y)/2*part
		box.Min.Y, box.Max.Y = middle-half, middle+half
		box.SetColor(c)
		box.Fill(box.Rectangle.Path())
	}
}

// faultThumb is the thumb of a shaded fault window, with its edges.
func faultThumb(box draw.Canvas) {
	bar(faultColor, 1)(box)
	edge := draw.LineStyle{Color: faultEdge, Width: 0.8}
	box.StrokeLine2(edge, box.Min.X, box.Min.Y, box.Min.X, box.Max.Y)
	box.StrokeLine2(edge, box.Max.X, box.Min.Y, box.Max.X, box.Max.Y)
}

// stroke is the thumb of a line.
func stroke(style draw.LineStyle) func(draw.Canvas) {
	return func(box draw.Canvas) {
		y := box.Center().Y
		box.StrokeLine2(style, box.Min.X, y, box.Max.X, y)
	}
}

// dot is the thumb of a mark.
func dot(m mark) func(draw.Canvas) {
	return func(box draw.Canvas) { m(box, box.Center()) }
}
