package results

import (
	"fmt"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// series is a named line of a percentile plot.
type series struct {
	name    string
	latency Latency
	style   int // index of its colour
}

// percentiles is the picture of how slow the slow ones were in one cell.
func percentiles(st Stats, title string) figure {
	all := []series{
		{"time to acquire", st.Acquire, 0},
		{"handoff", st.Handoff, 1},
		{"hold", st.Hold, 2},
	}
	f := figure{
		title:    title,
		subtitle: fmt.Sprintf("How long the slowest took: at 99%%, one in a hundred was slower. Handoff: from the call of release to the next acquired. %d acquires, %.1f a second", st.Acquired, st.PerSecond),
		y:        "duration (log scale)",
		panels:   [][]*plot.Plot{{percentilePanel(all)}},
		height:   320,
	}
	for _, s := range all {
		if s.latency.Count > 0 {
			label := fmt.Sprintf("%s: p50 %s, p99 %s", s.name, words(s.latency.P50), words(s.latency.P99))
			f.keys = append(f.keys, key{label, stroke(seriesStyle(s.style))})
		}
	}
	return f
}

func percentilePanel(all []series) *plot.Plot {
	p := newPlot("percentile")
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = percentileTicks{}
	p.X.Min, p.X.Max = 1, 10
	p.Add(grid())
	lo, hi := time.Duration(math.MaxInt64), leastLatency
	for _, s := range all {
		if s.latency.Count == 0 {
			continue
		}
		line := &plotter.Line{LineStyle: seriesStyle(s.style)}
		for _, q := range s.latency.Curve {
			at := max(q.At, leastLatency)
			lo, hi = min(lo, at), max(hi, at)
			line.XYs = append(line.XYs, plotter.XY{X: q.OneIn, Y: at.Seconds()})
		}
		p.Add(line)
		p.X.Max = math.Max(p.X.Max, float64(s.latency.Count))
	}
	logRange(&p.Y, min(lo, hi), hi)
	p.X.Min = 1
	return p
}
