package results

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// save writes a bench's numbers, and its pictures.
func (b *Bench) save(r *Run) error {
	if len(b.Rows) == 0 {
		return nil
	}
	if err := writeJSON(r.Path("bench.json"), b); err != nil {
		return err
	}
	for _, p := range b.drawn() {
		if err := p.save(r.Path(p.name)); err != nil {
			return err
		}
	}
	return nil
}

type benchPicture struct {
	name string // of the file, without an extension
	figure
}

// drawn are the pictures that there is something in.
func (b *Bench) drawn() []benchPicture {
	all := []benchPicture{{"bench-rate", b.rates()}, {"bench-handoff", b.handoffs()}}
	return slices.DeleteFunc(all, func(p benchPicture) bool { return p.panels == nil })
}

// Pictures are links to them.
func (b *Bench) Pictures() (links []link) {
	for _, p := range b.drawn() {
		links = append(links, link{p.title, p.name + ".png"})
	}
	return links
}

// rates is the picture of how many acquisitions there are a second.
func (b *Bench) rates() figure {
	var panels []*plot.Plot
	for _, what := range b.varied() {
		p := b.panel(what, "", func(row BenchRow) Spread { return row.Rate })
		if p != nil {
			p.Add(b.stalls(what))
			panels = append(panels, p)
		}
	}
	f := figure{
		title: "Acquisitions a second",
		subtitle: "Median of the repeats, and their range. On the grey line each waiter gets the lock ten times a second: " +
			"that is etcd's 100 ms loop for watches that begin in the past, not the lock's work.",
		y:    "acquisitions a second (log scale)",
		keys: append(b.keys(), key{"10 a second for each waiter", stroke(stallStyle())}),
	}
	f.panels, f.height = b.grid(panels)
	return f
}

// handoffs is the picture of what passing the lock on takes: what it mostly takes, and what it takes on average.
func (b *Bench) handoffs() figure {
	var panels []*plot.Plot
	for _, what := range b.varied() {
		median := b.panel(what, "median handoff", func(row BenchRow) Spread { return row.OfFloor })
		gap := b.panel(what, "mean gap", func(row BenchRow) Spread { return row.GapOf })
		if median != nil && gap != nil {
			panels = append(panels, median, gap)
		}
	}
	shareRange(panels, func(p *plot.Plot) *plot.Axis { return &p.Y })
	f := figure{
		title: "What passing the lock on takes, as a multiple of the floor",
		subtitle: "The floor is what a delete takes until another client's watch tells of it, measured in the same cell. Where the mean gap is far above " +
			"the median handoff, some handoffs take very long.",
		y:    "multiple of the floor (log scale)",
		keys: b.keys(),
	}
	f.panels, f.height = b.grid(panels)
	return f
}

func (b *Bench) grid(panels []*plot.Plot) ([][]*plot.Plot, vg.Length) {
	const narrow, wide = 225, 260
	switch {
	case len(panels) == 0:
		return nil, 0
	case len(panels) == 1:
		return [][]*plot.Plot{panels}, 120 + wide
	}
	var rows [][]*plot.Plot
	for pair := range slices.Chunk(panels, 2) {
		rows = append(rows, append(pair[:len(pair):len(pair)], make([]*plot.Plot, 2-len(pair))...))
	}
	return rows, 100 + narrow*vg.Length(len(rows))
}

// varied are the things that settings vary.
func (b *Bench) varied() (all []string) {
	for _, row := range b.Rows {
		if what, _ := row.Varied(); !slices.Contains(all, what) {
			all = append(all, what)
		}
	}
	return all
}

func (b *Bench) strategies() (all []string) {
	for _, row := range b.Rows {
		if !slices.Contains(all, row.Strategy) {
			all = append(all, row.Strategy)
		}
	}
	return all
}

func (b *Bench) keys() (keys []key) {
	for i, strategy := range b.strategies() {
		keys = append(keys, key{strategy, lineThumb(i)})
	}
	return keys
}

// at are the values of what is varied, in the order of the plan.
func (b *Bench) at(what string) (values valueTicks) {
	for _, row := range b.Rows {
		if of, value := row.Varied(); of == what && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// panel has a line for each strategy; nil: there is nothing to draw, or no more than one value of what varies.
func (b *Bench) panel(what, title string, of func(BenchRow) Spread) *plot.Plot {
	values := b.at(what)
	p := newPlot(what)
	if title != "" {
		panelTitle(p, title)
	}
	p.X.Tick.Marker, p.X.Min, p.X.Max = values, -0.3, float64(len(values))-0.7
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, numberTicks{}
	p.Add(horizontalGrid())
	lo, hi := math.Inf(1), math.Inf(-1)
	known := map[int]bool{}
	for i, strategy := range b.strategies() {
		s := spreads{style: seriesStyle(i)}
		for _, row := range b.Rows {
			of, spread := slices.Index(values, second(row.Varied())), of(row)
			if row.Strategy != strategy || first(row.Varied()) != what || spread.Low <= 0 {
				continue
			}
			known[of] = true
			s.at, s.of = append(s.at, float64(of)), append(s.of, spread)
			lo, hi = math.Min(lo, spread.Low), math.Max(hi, spread.High)
		}
		p.Add(s)
	}
	if len(known) < min(2, len(values)) {
		return nil
	}
	p.Y.Min, p.Y.Max = lo/1.3, math.Max(hi*1.3, lo*10)
	return p
}

func second[A, B any](_ A, b B) B { return b }

// stalls is the line of locks that wait for etcd's loop.
func (b *Bench) stalls(what string) plot.Plotter {
	values := b.at(what)
	line := &plotter.Line{LineStyle: stallStyle()}
	for i, value := range values {
		j := slices.IndexFunc(b.Rows, func(row BenchRow) bool { return row.Setting == what+"="+value })
		if row := b.Rows[j]; row.Clients > 1 && row.inLine() {
			line.XYs = append(line.XYs, plotter.XY{X: float64(i), Y: float64(row.Clients) / stallPeriod.Seconds()})
		}
	}
	return inRange{line}
}

func stallStyle() draw.LineStyle {
	return draw.LineStyle{Color: faint, Width: 1, Dashes: []vg.Length{2, 2}}
}

// inRange draws a line without having the axes reach for it.
type inRange struct{ line *plotter.Line }

// Plot implements plot.Plotter.
func (l inRange) Plot(c draw.Canvas, p *plot.Plot) {
	if len(l.line.XYs) > 0 {
		l.line.Plot(c, p)
	}
}

// spreads is a line through medians, each with its range.
type spreads struct {
	at    []float64
	of    []Spread
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (s spreads) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var line []vg.Point
	whisker := draw.LineStyle{Color: s.style.Color, Width: 0.8}
	for i, at := range s.at {
		middle := vg.Point{X: x(at), Y: y(s.of[i].Median)}
		line = append(line, middle)
		c.StrokeLine2(whisker, middle.X, y(s.of[i].Low), middle.X, y(s.of[i].High))
		c.SetColor(s.style.Color)
		var dot vg.Path
		appendDisc(&dot, middle, 2.4)
		c.Fill(dot)
	}
	c.StrokeLines(s.style, line)
}

// valueTicks names places 0, 1, 2, ...
type valueTicks []string

func (t valueTicks) Ticks(float64, float64) (ticks []plot.Tick) {
	for i, value := range t {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: value})
	}
	return ticks
}

// numberTicks marks a logarithmic axis of plain numbers.
type numberTicks struct{}

func (numberTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	narrow := math.Log10(hi/lo) < 2.2
	for decade := math.Floor(math.Log10(lo)); decade <= math.Log10(hi); decade++ {
		for digit := 1.0; digit <= 9; digit++ {
			v := digit * math.Pow(10, decade)
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) {
				continue
			}
			tick := plot.Tick{Value: v}
			if digit == 1 || narrow && (digit == 2 || digit == 5) {
				tick.Label = strconv.FormatFloat(v, 'f', -1, 64)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}
