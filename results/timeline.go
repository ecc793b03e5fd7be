package results

import (
	"cmp"
	"fmt"
	"image/color"
	"iter"
	"slices"
	"sort"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lockquake/checker/history"
)

// mostRows is how many clients a timeline shows.
const mostRows = 24

// timeline is the picture of who believed to hold the lock: a row a client, holds as bars.
func timeline(s *scene, w window, title string) figure {
	clients, left := s.clients(w, mostRows)
	if len(clients) == 0 {
		clients = []int32{0}
	}
	bars := &holderBars{scene: s, window: w, row: map[int32]int{}}
	for i, client := range clients {
		bars.row[client] = len(clients) - 1 - i
	}
	p := newPlot(timeAxis)
	p.X.Min, p.X.Max = w.from.Seconds(), w.to.Seconds()
	p.X.Tick.Marker = secondTicks{}
	p.Y.Min, p.Y.Max = 0, float64(len(clients))
	if bars.faulty() {
		p.Y.Max += 0.6 // room for the names of faults
	}
	p.Y.Tick.Marker = plot.ConstantTicks(rowTicks(clients))
	p.Y.Tick.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	p.Add(shade{s}, verticalGrid(), bars, faultNames{s})
	rowHeight := min(max(240/vg.Length(len(clients)), 15), 34)
	return figure{
		title:    title,
		subtitle: timelineSubtitle(w, left),
		keys:     bars.keys(),
		panels:   [][]*plot.Plot{{p}},
		height:   112 + rowHeight*vg.Length(len(clients)),
	}
}

func timelineSubtitle(w window, left int) string {
	text := "Who believed to hold the lock, and under which token; " + w.String()
	if left > 0 {
		text += fmt.Sprintf("; %d further clients not shown", left)
	}
	return text
}

func rowTicks(clients []int32) []plot.Tick {
	ticks := make([]plot.Tick, len(clients))
	for i, client := range clients {
		ticks[i] = plot.Tick{Value: float64(len(clients)-1-i) + barMiddle, Label: fmt.Sprintf("client c%d", client)}
	}
	return ticks
}

// holderBars draws the rows of a timeline.
type holderBars struct {
	scene  *scene
	window window
	row    map[int32]int // of a client, from below
}

func (b *holderBars) keys() []key {
	keys := []key{{"holds the lock", bar(holdColor, 1)}}
	for range b.holds(shared) {
		keys = append(keys, key{"shares it", bar(shareColor, 1)})
		break
	}
	keys = append(keys, key{"waits for it", bar(waitColor, 0.5)})
	if slices.ContainsFunc(b.scene.overlaps, func(o overlap) bool { return o.span.meets(b.window.span) }) {
		keys = append(keys, key{tooMany(b.scene.h.Header.Permits), bar(redColor, 1)})
	}
	for _, k := range []struct {
		name string
		mark mark
		at   []point
	}{
		{"stale write accepted", crossMark, b.writesAt(b.scene.writes.stale)},
		{"stale write refused", refusedMark, b.writesAt(b.scene.writes.refused)},
		{"learned that it was lost", lostMark, b.infosAt(history.Lost)},
		{"crashed", failMark, b.infosAt(history.Crash)},
	} {
		if len(k.at) > 0 {
			keys = append(keys, key{k.name, dot(k.mark)})
		}
	}
	if b.faulty() {
		keys = append(keys, key{"fault", faultThumb})
	}
	return keys
}

// tooMany says what is wrong where a timeline is red.
func tooMany(permits int) string {
	if permits > 1 {
		return fmt.Sprintf("more than %d hold it at once", permits)
	}
	return "two hold it at once"
}

// faulty tells whether a fault shows in the window.
func (b *holderBars) faulty() bool {
	return slices.ContainsFunc(b.scene.injections, func(i history.Injection) bool {
		return b.scene.faultSpan(i).meets(b.window.span)
	})
}

// point is a place in a timeline: a time in seconds and a row.
type point struct{ x, y float64 }

func (b *holderBars) writesAt(writes []history.Operation) []point {
	var at []point
	for _, o := range writes {
		if row, ok := b.row[o.Client]; ok && (span{o.ReturnAt, o.ReturnAt}).meets(b.window.span) {
			at = append(at, point{o.ReturnAt.Seconds(), float64(row) + barMiddle})
		}
	}
	return at
}

func (b *holderBars) infosAt(op history.Op) []point {
	var at []point
	for _, e := range b.scene.h.Infos {
		if row, ok := b.row[e.Client]; ok && e.Op == op && (span{e.At, e.At}).meets(b.window.span) {
			at = append(at, point{e.At.Seconds(), float64(row) + noticeMiddle})
		}
	}
	return at
}

// A row is 1 high: bars are in its lower part, and token numbers that do not fit into their bar above.
const (
	barMiddle = 0.42
	holdHalf  = 0.27
	waitHalf  = 0.13
	// what a client noticed stands above its bar, so that it hides no mark of a write
	noticeMiddle = 0.8
)

// Plot implements plot.Plotter.
func (b *holderBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	frame := painter{c: c, x: x, y: y, window: b.window.span}
	frame.fill(waitColor, waitHalf, b.waits())
	frame.fill(holdColor, holdHalf, b.holds(alone))
	frame.fill(shareColor, holdHalf, b.holds(shared))
	frame.fill(redColor, holdHalf, slices.Values(b.contested()))
	b.tokens(frame)
	frame.marks(lostMark, b.infosAt(history.Lost))
	frame.marks(failMark, b.infosAt(history.Crash))
	frame.marks(refusedMark, b.writesAt(b.scene.writes.refused))
	frame.marks(crossMark, b.writesAt(b.scene.writes.stale))
}

// piece is a bar: a time in a row.
type piece struct {
	span
	row int
}

// waits yields the bars of acquires that waited, those of a row in the order of their beginnings.
func (b *holderBars) waits() iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for i := range b.scene.h.Ops {
			o := &b.scene.h.Ops[i]
			waited := span{o.CallAt, min(o.ReturnAt, b.scene.last)}
			if row, ok := b.row[o.Client]; ok && o.Op == history.Acquire && waited.meets(b.window.span) && !yield(piece{waited, row}) {
				return
			}
		}
	}
}

func shared(hold *history.Hold) bool { return hold.Acquire.Mode == history.Shared }

func alone(hold *history.Hold) bool { return !shared(hold) }

// holds yields the bars of those holds that are wanted, in the order of their beginnings.
func (b *holderBars) holds(wanted func(*history.Hold) bool) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for i := range b.scene.holds {
			hold := &b.scene.holds[i]
			held := holdSpan(*hold, b.scene.last)
			if row, ok := b.row[hold.Acquire.Client]; ok && held.meets(b.window.span) && wanted(hold) && !yield(piece{held, row}) {
				return
			}
		}
	}
}

// contested are the parts of holds in which there were more holders of the key than may be, in the order of their
// beginnings.
func (b *holderBars) contested() []piece {
	byKey := map[string][]span{}
	for _, o := range b.scene.overlaps {
		byKey[o.key] = append(byKey[o.key], o.span)
	}
	var pieces []piece
	for _, hold := range b.scene.holds {
		row, shown := b.row[hold.Acquire.Client]
		held := holdSpan(hold, b.scene.last)
		if !shown || !held.meets(b.window.span) {
			continue
		}
		for _, s := range meeting(byKey[hold.Acquire.Key], held) {
			pieces = append(pieces, piece{held.clip(s), row})
		}
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	return pieces
}

// meeting gives the ones of disjoint spans in time order that share more than an instant with a span.
func meeting(spans []span, with span) []span {
	first := sort.Search(len(spans), func(i int) bool { return spans[i].to > with.from })
	end := first
	for end < len(spans) && spans[end].from < with.to {
		end++
	}
	return spans[first:end]
}

// tokens writes each hold's token into its bar where it fits; above the bar for the holds that the
// window is about.
func (b *holderBars) tokens(frame painter) {
	inside, above := boldStyle(8, color.White), boldStyle(8, ink)
	inside.XAlign, inside.YAlign = text.XCenter, text.YCenter
	noticed := append(b.infosAt(history.Lost), b.infosAt(history.Crash)...)
	for _, hold := range b.scene.holds {
		row, shown := b.row[hold.Acquire.Client]
		held := holdSpan(hold, b.scene.last)
		if !shown || !held.meets(b.window.span) || hold.Acquire.Token == 0 {
			continue
		}
		left, right := frame.ends(held)
		label := fitting(inside, right-left-4, "token "+number(hold), number(hold))
		at := vg.Point{X: (left + right) / 2, Y: frame.y(float64(row) + barMiddle)}
		if label != "" {
			frame.c.FillText(inside, at, label)
		} else if b.window.holds[hold.Acquire.ID()] {
			label = "token " + number(hold)
			at = vg.Point{X: left, Y: frame.y(float64(row)+barMiddle+holdHalf) + 1}
			at.X = frame.beside(at.X, above.Width(label), row, noticed)
			frame.c.FillText(above, at, label)
		}
	}
}

// beside moves the left end of a text to the right of the signs of its row that would hide it.
func (f painter) beside(left, width vg.Length, row int, signs []point) vg.Length {
	const room = markRadius + 3
	for _, s := range signs { // in time order
		if x := f.x(s.x); s.y == float64(row)+noticeMiddle && x > left-room && x < left+width+room {
			left = x + room
		}
	}
	return left
}

func number(hold history.Hold) string { return strconv.FormatInt(hold.Acquire.Token, 10) }

// fitting is the first of the texts that is no wider than width, or none. To measure a text takes long.
func fitting(s text.Style, width vg.Length, texts ...string) string {
	if width <= 0 {
		return ""
	}
	for _, t := range texts {
		if s.Width(t) <= width {
			return t
		}
	}
	return ""
}
