package results

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot"
)

// secondTicks marks an axis of seconds at round values: about eight of them, or a few.
type secondTicks struct{ few bool }

func (t secondTicks) Ticks(lo, hi float64) []plot.Tick {
	wanted := 8.0
	if t.few {
		wanted = 4
	}
	step := niceStep((hi - lo) / wanted)
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	var ticks []plot.Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		v := i*step + 0 // not -0
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', decimals, 64)})
	}
	return ticks
}

// niceStep is the least of 1, 2, 5 times a power of ten that is no less than the given step.
func niceStep(least float64) float64 {
	if least <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= least*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// countTicks marks an axis of whole numbers.
type countTicks struct{}

func (countTicks) Ticks(lo, hi float64) []plot.Tick {
	step := math.Max(1, niceStep((hi-lo)/5))
	var ticks []plot.Tick
	for v := math.Ceil(lo/step) * step; v <= hi; v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.Itoa(int(v))})
	}
	return ticks
}

// durationTicks marks a logarithmic axis of seconds with durations in words.
type durationTicks struct{}

func (durationTicks) Ticks(lo, hi float64) []plot.Tick {
	narrow := math.Log10(hi/lo) < 2.2
	var ticks []plot.Tick
	for decade := math.Floor(math.Log10(lo)); decade <= math.Log10(hi); decade++ {
		for digit := 1.0; digit <= 9; digit++ {
			v := digit * math.Pow(10, decade)
			tick := plot.Tick{Value: v}
			if digit == 1 || narrow && (digit == 2 || digit == 5) {
				tick.Label = axisDuration(v)
			}
			if v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				ticks = append(ticks, tick)
			}
		}
	}
	return ticks
}

func axisDuration(seconds float64) string {
	switch {
	case seconds < 0.9999e-3:
		return fmt.Sprintf("%.3g µs", seconds*1e6)
	case seconds < 0.9999:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	}
	return fmt.Sprintf("%.4g s", seconds)
}

// percentileTicks marks an axis of 1/(1-q) with percentages.
type percentileTicks struct{}

func (percentileTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 2, Label: "50%"}}
	for n := 1; math.Pow(10, float64(n)) <= hi*(1+1e-9); n++ {
		ticks = append(ticks, plot.Tick{Value: math.Pow(10, float64(n)), Label: nines(n)})
	}
	return ticks
}

func nines(n int) string {
	percent := 100 - 100*math.Pow(10, float64(-n))
	return strconv.FormatFloat(percent, 'f', max(0, n-2), 64) + "%"
}

// logRange spreads an axis over whole steps of 1, 2, 5 so that data does not touch its ends.
func logRange(a *plot.Axis, lo, hi time.Duration) {
	a.Scale = plot.LogScale{}
	a.Tick.Marker = durationTicks{}
	a.Min = lo.Seconds() / 1.3
	a.Max = math.Max(hi.Seconds()*1.3, a.Min*10)
}

// words spells a duration with three digits: what a person wants to read, not all that is known.
func words(d time.Duration) string {
	if d < 0 {
		return "-" + words(-d)
	}
	if d == 0 {
		return "0"
	}
	return axisDuration(d.Seconds())
}
