package results

import (
	"bytes"
	"fmt"
	htmltemplate "html/template"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"time"
)

// heatRow is how many clients waited in a cell; the heat map has a strip for it.
type heatRow struct {
	CellName
	Most float64
	At   time.Duration // when that was
}

const (
	mostHeat  = 120 // strips of the report
	heatParts = 240 // of the longest cell's time
	stripHeat = 5   // pixels of a strip that are heat; one below tells of faults, and one is empty
	stripHigh = stripHeat + 2
)

// heatColors go from dark to light, evenly in lightness, as who sees no red or no green does
// (the ends and the middle of cividis, Nunez et al., PLoS ONE 2018).
func heatColors() color.Palette {
	stops := []color.NRGBA{{0x00, 0x22, 0x4e, 0xff}, {0x12, 0x35, 0x70, 0xff}, {0x57, 0x5d, 0x6d, 0xff}, {0x7d, 0x7c, 0x78, 0xff},
		{0xa5, 0x9c, 0x74, 0xff}, {0xd2, 0xc0, 0x60, 0xff}, {0xfe, 0xe8, 0x38, 0xff}}
	var colors color.Palette
	for i := range heatShades {
		at := float64(i) / (heatShades - 1) * float64(len(stops)-1)
		low := min(int(at), len(stops)-2)
		mix := func(a, b uint8) uint8 {
			return uint8(math.Round(float64(a) + (float64(b)-float64(a))*(at-float64(low))))
		}
		a, b := stops[low], stops[low+1]
		colors = append(colors, color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff})
	}
	return append(colors, color.NRGBA{}, faultEdge) // nothing, and a fault
}

const heatShades = 32

// heat are the rows of the measured cells, the first repeat of each, in the order of the plan.
func (s *sheet) heat() (err error) {
	var cells []contents
	for _, c := range s.planned {
		if c.measured && c.Repeat == 1 && len(c.Waiters) > 0 {
			cells = append(cells, c)
			s.HeatMost = max(s.HeatMost, slices.Max(c.Waiters))
			s.HeatTime = max(s.HeatTime, c.Duration)
		}
	}
	s.MoreHeat = max(0, len(cells)-mostHeat)
	cells = cells[:len(cells)-s.MoreHeat]
	img := image.NewPaletted(image.Rect(0, 0, heatParts, max(len(cells), 1)*stripHigh), heatColors())
	for i := range img.Pix {
		img.Pix[i] = heatShades
	}
	for i, c := range cells {
		s.strip(img, i*stripHigh, c)
		most := slices.Max(c.Waiters)
		at := float64(c.Duration) * float64(slices.Index(c.Waiters, most)) / float64(len(c.Waiters))
		s.Heat = append(s.Heat, heatRow{c.CellName, most, time.Duration(at)})
	}
	if s.HeatMap, err = pngURL(img); err != nil {
		return err
	}
	return s.heatKeys()
}

// strip draws the row of a cell from y on: cells of one run share an axis of time.
func (s *sheet) strip(img *image.Paletted, y int, c contents) {
	part := float64(max(s.HeatTime, 1)) / heatParts
	for x := range min(int(math.Ceil(float64(c.Duration)/part)), heatParts) {
		at := min(int((float64(x)+0.5)*part/float64(max(c.Duration, 1))*float64(len(c.Waiters))), len(c.Waiters)-1)
		shade := uint8(min(max(math.Round(c.Waiters[at]/max(s.HeatMost, 1e-9)*(heatShades-1)), 0), heatShades-1))
		for dy := range stripHeat {
			img.SetColorIndex(x, y+dy, shade)
		}
	}
	for _, f := range c.Faults {
		for x := max(int(float64(f.From)/part), 0); x < heatParts && float64(x)*part < float64(f.To); x++ {
			img.SetColorIndex(x, y+stripHeat, heatShades+1)
		}
	}
}

// heatKeys are the legend.
func (s *sheet) heatKeys() (err error) {
	scale := image.NewPaletted(image.Rect(0, 0, heatShades, 1), heatColors())
	for x := range heatShades {
		scale.SetColorIndex(x, 0, uint8(x))
	}
	if s.HeatScale, err = pngURL(scale); err != nil {
		return err
	}
	fault := image.NewPaletted(image.Rect(0, 0, 1, stripHeat+1), heatColors())
	for y := range stripHeat + 1 {
		fault.SetColorIndex(0, y, heatShades)
	}
	fault.SetColorIndex(0, stripHeat, heatShades+1)
	s.HeatFault, err = pngURL(fault)
	return err
}

func pngURL(img image.Image) (htmltemplate.URL, error) {
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img); err != nil {
		return "", fmt.Errorf("draw the heat map: %w", err)
	}
	return dataURL("image/png", out.Bytes()), nil
}
