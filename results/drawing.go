package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// drawing is a holder chart with its places in pixels of an SVG, which scales. What it is made of has names in the
// page's style, so that it is dark where the page is.
type drawing struct {
	Width, Height int
	Alt, Caption  string
	Keys          []legendKey
	Top, Bottom   int // of the plot
	Right         int
	Stripes       []box
	Rows          []drawnText
	Bars          []outline
	Ticks         []drawnText
	Labels        []drawnText // tokens and the names of faults
	Marks         []outline
}

// legendKey is an entry of a legend: the class that gives it its colour, the sign if it has one, and what it means.
type legendKey struct{ Class, Sign, Label string }

// box is a rectangle over the height of the plot.
type box struct {
	X, Width string
	Label    string // all of it, for who points at it
}

// drawnText is a text in a drawing.
type drawnText struct{ Class, X, Y, Text string }

// outline is a path of one class. Bars are strokes along a line, as wide as they are high, which takes fewest bytes.
type outline struct {
	Class, Path string
	Stroke      int // its width; 0: what the class says
}

// The sizes of a drawing.
const (
	drawnWidth  = 960
	gutter      = 44 // with the clients' names
	rightEdge   = 10 // at the right
	wideRow     = 32
	narrowRow   = 22
	fewRows     = 10 // up to which there is room for wide ones
	axisHeight  = 26
	labelHeight = 18
	charWidth   = 6.6 // of a label, about
	longLabel   = 60  // characters of a fault's name and target
)

func (c holderChart) draw() drawing {
	d := drawing{Width: drawnWidth, Right: drawnWidth - rightEdge, Top: 4, Alt: c.alt(), Caption: c.caption(), Keys: c.keys()}
	if len(c.Faults) > 0 {
		d.Top += labelHeight
	}
	d.Bottom = d.Top + c.rowHeight()*max(len(c.Clients), 1)
	d.Height = d.Bottom + axisHeight
	for i, client := range c.Clients {
		d.Rows = append(d.Rows, drawnText{"row", strconv.Itoa(gutter - 8), px(c.middle(d.Top, i) + 4), fmt.Sprintf("c%d", client)})
	}
	d.Stripes, d.Labels = c.stripes()
	for _, b := range []struct {
		class string
		half  float64
		bars  []stretch
	}{{"wait", 0.13, c.Waits}, {"hold", 0.27, c.Holds}, {"share", 0.27, c.Shared}, {"over", 0.27, c.TooMany}} {
		if len(b.bars) > 0 {
			d.Bars = append(d.Bars, outline{b.class, c.path(d.Top, b.bars), int(2*b.half*float64(c.rowHeight()) + 0.5)})
		}
	}
	d.Labels = append(d.Labels, c.tokens(d.Top)...)
	for _, m := range c.marks() {
		d.Marks = append(d.Marks, outline{m.class, c.signs(d.Top, m), 0})
	}
	d.Ticks = c.ticks(d.Bottom)
	return d
}

func (c holderChart) rowHeight() int {
	if len(c.Clients) > fewRows {
		return narrowRow
	}
	return wideRow
}

// middle is where the bars of a row are.
func (c holderChart) middle(top, row int) float64 {
	return float64(top) + float64(c.rowHeight())*(float64(row)+1-barMiddle)
}

// along is where a place of the chart is.
func along(place int) float64 {
	return gutter + float64(min(max(place, 0), chartWidth))/chartWidth*(drawnWidth-gutter-rightEdge)
}

// px spells a coordinate.
func px(v float64) string { return strconv.Itoa(int(math.Round(v))) }

// path is all bars of one kind, in the order of rows: each begins so far from where the one before it ended.
func (c holderChart) path(top int, bars []stretch) string {
	var b strings.Builder
	row, pen := -1, 0
	for _, s := range bars {
		from, to := int(math.Round(along(s[1]))), int(math.Round(along(s[2])))
		to = max(to, from+1)
		if s[0] != row {
			fmt.Fprintf(&b, "M%d %s", from, px(c.middle(top, s[0])))
		} else {
			fmt.Fprintf(&b, "m%d 0", from-pen)
		}
		fmt.Fprintf(&b, "h%d", to-from)
		row, pen = s[0], to
	}
	return b.String()
}

// markKind is a sign that stands for something that happened.
type markKind struct {
	class, sign, name string
	shape             string // a path around the point where it happened
	above             bool   // the bar, so that it hides no other
	at                []spot
}

// marks are those that the chart has.
func (c holderChart) marks() []markKind {
	all := []markKind{
		{"lost", "\u25bc", "learned that it was lost", "m-4-4h8l-4 7z", true, c.Lost},
		{"crash", "\u2715", "crashed", "m-3-3l6 6m0-6l-6 6", true, c.Crashed},
		{"refused", "\u2296", "stale write refused", "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0m2 0h6", false, c.Refused},
		{"stale", "\u2715", "stale write accepted", "m-4-4l8 8m0-8l-8 8", false, c.Stale},
	}
	return slices.DeleteFunc(all, func(m markKind) bool { return len(m.at) == 0 })
}

func (c holderChart) signs(top int, m markKind) string {
	var b strings.Builder
	for _, at := range m.at {
		y := c.middle(top, at[0])
		if m.above {
			y -= float64(c.rowHeight()) * (noticeMiddle - barMiddle)
		}
		fmt.Fprintf(&b, "M%s %s%s", px(along(at[1])), px(y), m.shape)
	}
	return b.String()
}

// stripes are the windows of faults, and their names where there is room.
func (c holderChart) stripes() (stripes []box, names []drawnText) {
	free := 0.0
	for _, f := range c.Faults {
		x := along(f.From)
		end := max(along(f.To), x+1)
		stripes = append(stripes, box{px(x), px(end - x), f.Label})
		text := clipped(f.Label, longLabel)
		width := charWidth*float64(len([]rune(text))) + 8
		if left := max(min(x, drawnWidth-rightEdge-width), free); left <= end && left >= gutter-1 && left+width <= drawnWidth-rightEdge+1 {
			names = append(names, drawnText{"fault", px(left + 2), strconv.Itoa(labelHeight - 4), text})
			free = left + width
		}
	}
	return stripes, names
}

// tokens are in their bars where they fit, else above them if the chart is about them.
func (c holderChart) tokens(top int) []drawnText {
	var all []drawnText
	for _, t := range c.Tokens {
		left, right := along(t.At[1]), along(t.At[2])
		y := c.middle(top, t.At[0])
		number := strconv.FormatInt(t.Token, 10)
		switch text := fittingText(right-left-4, "token "+number, number); {
		case text != "":
			all = append(all, drawnText{"in", px((left + right) / 2), px(y + 4), text})
		case t.About && c.rowHeight() == wideRow:
			all = append(all, drawnText{"above", px(min(left, drawnWidth-rightEdge-60)), px(y - 11), "token " + number})
		}
	}
	return all
}

// fittingText is the first of the texts that is no wider than width, or none.
func fittingText(width float64, texts ...string) string {
	for _, t := range texts {
		if charWidth*float64(len(t)) <= width {
			return t
		}
	}
	return ""
}

func (c holderChart) ticks(bottom int) []drawnText {
	var all []drawnText
	width := max((c.To - c.From).Seconds(), 1e-9)
	for _, t := range (secondTicks{}).Ticks(c.From.Seconds(), c.To.Seconds()) {
		place := (t.Value - c.From.Seconds()) / width * chartWidth
		all = append(all, drawnText{"tick", px(along(int(place + 0.5))), strconv.Itoa(bottom + 16), t.Label + " s"})
	}
	return all
}

func (c holderChart) keys() []legendKey {
	var all []legendKey
	for _, k := range []struct {
		legendKey
		there bool
	}{
		{legendKey{"hold", "", "holds the lock"}, len(c.Holds) > 0},
		{legendKey{"share", "", "shares it"}, len(c.Shared) > 0},
		{legendKey{"wait", "", "waits for it"}, len(c.Waits) > 0},
		{legendKey{"over", "", tooMany(c.Permits)}, len(c.TooMany) > 0},
	} {
		if k.there {
			all = append(all, k.legendKey)
		}
	}
	for _, m := range c.marks() {
		all = append(all, legendKey{m.class, m.sign, m.name})
	}
	if len(c.Faults) > 0 {
		all = append(all, legendKey{"fault", "", "fault"})
	}
	return all
}

func (c holderChart) caption() string {
	text := "Who believed to hold the lock, and under which token; shown: " + c.span()
	if c.Left > 0 {
		text += fmt.Sprintf("; %d further clients are not in it", c.Left)
	}
	return text + "."
}

func (c holderChart) span() string {
	return fmt.Sprintf("%s, from %.3f s to %.3f s", c.Why, c.From.Seconds(), c.To.Seconds())
}

// alt tells the drawing to who does not see it.
func (c holderChart) alt() string {
	parts := []string{fmt.Sprintf("Timeline of %s from %.3f s to %.3f s", plural(len(c.Clients), "client"), c.From.Seconds(), c.To.Seconds())}
	if n := len(c.TooMany); n > 0 {
		rows := map[int]bool{}
		for _, s := range c.TooMany {
			rows[s[0]] = true
		}
		parts = append(parts, fmt.Sprintf("%s, among %s", tooMany(c.Permits), plural(len(rows), "client")))
	} else {
		parts = append(parts, "never "+tooMany(c.Permits))
	}
	for _, m := range c.marks() {
		parts = append(parts, fmt.Sprintf("%s: %d", m.name, len(m.at)))
	}
	for _, f := range c.Faults[:min(len(c.Faults), 3)] {
		at := func(place int) float64 {
			return (c.From + time.Duration(float64(c.To-c.From)*float64(place)/chartWidth)).Seconds()
		}
		parts = append(parts, fmt.Sprintf("%s from %.3f s to %.3f s", clipped(f.Label, longLabel), at(f.From), at(f.To)))
	}
	return strings.Join(parts, "; ")
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// clipped is a text of at most so many characters.
func clipped(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "\u2026"
	}
	return text
}
