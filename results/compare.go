package results

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// measured is a cell with its statistics, as the pictures of a run need it.
type measured struct {
	CellName
	Stats
}

// table arranges the cells of a run: a panel a fault, a colour a strategy. Repeats after the first
// are left to the report: pooled, they would look like one run that never was.
type table struct {
	strategies, faults []string
	cells              map[[2]string]measured
}

func newTable(all []measured) table {
	t := table{cells: map[[2]string]measured{}}
	for _, m := range all {
		at := [2]string{m.Strategy, m.Fault}
		if before, ok := t.cells[at]; !ok || m.Repeat < before.Repeat {
			t.cells[at] = m
		}
		if !slices.Contains(t.strategies, m.Strategy) {
			t.strategies = append(t.strategies, m.Strategy)
		}
		if !slices.Contains(t.faults, m.Fault) {
			t.faults = append(t.faults, m.Fault)
		}
	}
	return t
}

// of gives the cells under one fault in the order of strategies; ok tells which there are.
func (t table) of(fault string) (cells []measured, ok []bool) {
	for _, strategy := range t.strategies {
		m, there := t.cells[[2]string{strategy, fault}]
		cells, ok = append(cells, m), append(ok, there)
	}
	return cells, ok
}

func (t table) keys(thumb func(i int) func(draw.Canvas)) []key {
	var keys []key
	for i, strategy := range t.strategies {
		keys = append(keys, key{strategy, thumb(i)})
	}
	return keys
}

func lineThumb(i int) func(draw.Canvas) { return stroke(seriesStyle(i)) }

func barThumb(i int) func(draw.Canvas) { return bar(seriesStyle(i).Color, 1) }

// inGrid lays panels out in up to three columns, and gives the height that they need.
func inGrid(panels []*plot.Plot, each vg.Length) ([][]*plot.Plot, vg.Length) {
	columns := min(len(panels), 3)
	if len(panels) == 4 {
		columns = 2
	}
	var rows [][]*plot.Plot
	for len(panels) > 0 {
		row := make([]*plot.Plot, columns)
		panels = panels[copy(row, panels):]
		rows = append(rows, row)
	}
	return rows, 100 + each*vg.Length(len(rows))
}

func underFault(fault string) string {
	switch {
	case fault == "none":
		return "without faults"
	case strings.Contains(fault, "="):
		return "at " + fault
	}
	return "under " + fault
}

// compareLatency is the picture of the strategies' acquire latencies, side by side.
func compareLatency(t table) figure {
	var panels []*plot.Plot
	for _, fault := range t.faults {
		var lines []series
		cells, _ := t.of(fault)
		for i, m := range cells {
			lines = append(lines, series{m.Strategy, m.Acquire, i})
		}
		p := percentilePanel(lines)
		panelTitle(p, underFault(fault))
		panels = append(panels, p)
	}
	shareRange(panels, func(p *plot.Plot) *plot.Axis { return &p.X })
	shareRange(panels, func(p *plot.Plot) *plot.Axis { return &p.Y })
	f := figure{
		title:    "Time to acquire, strategies side by side",
		subtitle: "How long the slowest acquires took: at 99%, one in a hundred was slower. Lower is better. First repeat of each.",
		y:        "time to acquire (log scale)",
		keys:     t.keys(lineThumb),
	}
	f.panels, f.height = inGrid(panels, 225)
	return f
}

// shareRange gives all panels one range, so that they can be compared by eye.
func shareRange(panels []*plot.Plot, axis func(*plot.Plot) *plot.Axis) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range panels {
		lo, hi = math.Min(lo, axis(p).Min), math.Max(hi, axis(p).Max)
	}
	for _, p := range panels {
		axis(p).Min, axis(p).Max = lo, hi
	}
}

// compareContention is the picture of how many clients waited at a time: a panel a strategy, a line
// a fault, because under a closed loop the strategies' lines would lie on each other.
func compareContention(t table) figure {
	var panels []*plot.Plot
	for _, strategy := range t.strategies {
		p := newPlot(timeAxis)
		p.X.Tick.Marker, p.Y.Tick.Marker = secondTicks{few: true}, countTicks{}
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1e-3, 0, 1
		panelTitle(p, strategy)
		p.Add(grid())
		for i, fault := range t.faults {
			if m, ok := t.cells[[2]string{strategy, fault}]; ok {
				p.Add(waitersLine(m.Stats, i))
				p.X.Max = math.Max(p.X.Max, m.Duration.Seconds())
				p.Y.Max = math.Max(p.Y.Max, slices.Max(m.Waiters)*1.08)
			}
		}
		panels = append(panels, p)
	}
	shareRange(panels, func(p *plot.Plot) *plot.Axis { return &p.X })
	shareRange(panels, func(p *plot.Plot) *plot.Axis { return &p.Y })
	f := figure{
		title:    "Contention: how many clients waited",
		subtitle: "Mean number of clients that waited for the lock at each time. First repeat of each.",
		y:        "clients waiting",
	}
	for i, fault := range t.faults {
		f.keys = append(f.keys, key{underFault(fault), lineThumb(i)})
	}
	f.panels, f.height = inGrid(panels, 185)
	return f
}

func waitersLine(st Stats, i int) *plotter.Line {
	line := &plotter.Line{LineStyle: seriesStyle(i)}
	line.Width = 1.2
	for n, waiting := range st.Waiters {
		at := st.Duration.Seconds() * (float64(n) + 0.5) / float64(len(st.Waiters))
		line.XYs = append(line.XYs, plotter.XY{X: at, Y: waiting})
	}
	return line
}

// mostGroups is how many clients a picture of grants shows.
const mostGroups = 24

// compareGrants is the picture of who got the lock: a group of bars a client, a bar a strategy.
func compareGrants(t table) figure {
	var panels []*plot.Plot
	clients := 0
	for _, fault := range t.faults {
		cells, ok := t.of(fault)
		p := newPlot("client")
		p.Add(horizontalGrid(), grantBars{cells, ok})
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, 0.5, 0, 1
		for _, m := range cells {
			clients = max(clients, len(m.Grants))
			p.X.Max = math.Max(p.X.Max, float64(min(len(m.Grants), mostGroups))-0.5)
			p.Y.Max = math.Max(p.Y.Max, mostGrants(m.Grants)*1.08)
		}
		p.X.Tick.Marker, p.Y.Tick.Marker = countTicks{}, countTicks{}
		panelTitle(p, underFault(fault))
		panels = append(panels, p)
	}
	shareRange(panels, func(p *plot.Plot) *plot.Axis { return &p.Y })
	f := figure{
		title:    "Grants per client",
		subtitle: "How often each client got the lock in the measured time. Bars of one colour are of one height if a strategy is fair. First repeat of each.",
		y:        "times acquired",
		keys:     t.fairnessKeys(),
	}
	if clients > mostGroups {
		f.subtitle += fmt.Sprintf(" The first %d of %d clients.", mostGroups, clients)
	}
	f.panels, f.height = inGrid(panels, 185)
	return f
}

// fairnessKeys names the strategies, and their Jain's index if it is of one cell.
func (t table) fairnessKeys() []key {
	keys := t.keys(barThumb)
	if len(t.faults) == 1 {
		for i, m := range first(t.of(t.faults[0])) {
			keys[i].label += fmt.Sprintf(" (Jain's index %.2f)", m.Jain)
		}
	}
	return keys
}

func first[A, B any](a A, _ B) A { return a }

func mostGrants(grants []Grants) float64 {
	most := 0
	for _, g := range grants {
		most = max(most, g.Count)
	}
	return float64(most)
}

// grantBars draws groups of bars, each cell at its own place in every group.
type grantBars struct {
	cells []measured
	ok    []bool
}

// Plot implements plot.Plotter.
func (b grantBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	width := 0.8 / float64(len(b.cells))
	for i, m := range b.cells {
		if !b.ok[i] {
			continue
		}
		var path vg.Path
		for n, g := range m.Grants[:min(len(m.Grants), mostGroups)] {
			left := float64(n) - 0.4 + float64(i)*width
			appendRect(&path, x(left), y(0), x(left+width*0.92), y(float64(g.Count)))
		}
		c.SetColor(seriesStyle(i).Color)
		c.Fill(path)
	}
}
