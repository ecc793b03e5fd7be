package results

import (
	"fmt"
	"slices"
)

// String is how the repeats stand: the grade, and how they came out if they did not hold.
func (s Standing) String() string {
	switch {
	case s.Repeats == 0:
		return "-"
	case s.Outcome == "held":
		return s.Grade.String()
	}
	return fmt.Sprintf("%s (%s)", s.Grade, s.Outcome)
}

// String is the median with its interval and the number of values.
func (s Summary) String() string {
	if s.N == 1 {
		return fmt.Sprintf("%.4g n=1", s.Median)
	}
	return fmt.Sprintf("%.4g [%.4g, %.4g] n=%d", s.Median, s.Low, s.High, s.N)
}

// Told is the change of the median in per cent, "~" where it may be chance, or that there are too few values to tell.
func (m MetricDifference) Told() string {
	switch {
	case m.TooSmall:
		return "n too small"
	case m.Significant():
		return fmt.Sprintf("%+.1f%%", 100*(m.Ratio-1))
	}
	return "~"
}

// TooFew says how many repeats it takes, if some were too few; else nothing.
func (c Comparison) TooFew() string {
	for _, d := range c.Differences {
		for _, cell := range d.Cells {
			if slices.ContainsFunc(cell.Metrics, func(m MetricDifference) bool { return m.TooSmall }) {
				return fmt.Sprintf("n too small: to tell a difference from chance among %d comparisons takes %d repeats of each cell in each run (lockquake run --repeat %[2]d)", c.Tests, c.Repeats)
			}
		}
	}
	return ""
}
