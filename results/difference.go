package results

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"lockquake/checker"
)

// Change is what has become of a guarantee from one run to another. The zero Change is UnknownChange.
type Change uint8

// Changes.
const (
	UnknownChange Change = iota // one of the two is not known, or was not asked for
	Same
	Better
	Worse
)

var changeNames = [...]string{"unknown", "same", "better", "worse"}

func (c Change) String() string { return changeNames[c] }

// MarshalText writes the spelling that String gives.
func (c Change) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the spelling that String gives.
func (c *Change) UnmarshalText(b []byte) error {
	i := slices.Index(changeNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("unknown change %q", b)
	}
	*c = Change(i)
	return nil
}

// Comparison holds runs against one that was carried out before.
type Comparison struct {
	Schema int `json:"schema"` // of this document: 1
	// Tests is for how many of them all p-values are corrected. Repeats is how many of each cell it takes in both runs,
	// so that this leaves a difference that could not be chance.
	Tests       int          `json:"tests"`
	Repeats     int          `json:"repeats_needed"`
	Differences []Difference `json:"differences"`
}

// Difference compares a run with one that was carried out before.
type Difference struct {
	Before string `json:"before"` // the folders
	After  string `json:"after"`
	// Notes say what besides the locks was different, in sentences.
	Notes []string         `json:"notes,omitempty"`
	Cells []CellDifference `json:"cells"`
}

// CellDifference is of one strategy under one fault, all repeats together.
type CellDifference struct {
	Strategy string             `json:"strategy"`
	Fault    string             `json:"fault"`
	Before   Standing           `json:"before"`
	After    Standing           `json:"after"`
	Change   Change             `json:"change"`
	Metrics  []MetricDifference `json:"metrics,omitempty"` // of those that both measured
}

// Standing is how the repeats of a cell came out: the weakest grade, and the worst outcome. Thresholds are left to the
// metrics.
type Standing struct {
	Repeats int           `json:"repeats"` // 0: there is no such cell
	Grade   checker.Grade `json:"grade"`
	Outcome string        `json:"outcome"`
}

// MetricDifference compares one statistic. Its unit is that of a whole cell's, because the operations of one
// cell depend on each other: a sample has as many values as there are repeats.
type MetricDifference struct {
	Name         string  `json:"name"`
	Unit         string  `json:"unit"`
	HigherBetter bool    `json:"higher_better"`
	Before       Summary `json:"before"`
	After        Summary `json:"after"`
	// Ratio is the median after over the median before; 0: it cannot be told.
	Ratio float64 `json:"ratio"`
	// P is the p-value of the Mann-Whitney U test, corrected for the number of tests in the comparison by Holm's method
	// (Scandinavian Journal of Statistics 6, 1979).
	P float64 `json:"p"`
	// TooSmall tells that not even samples without any overlap would be told apart, beside so many other tests.
	TooSmall bool `json:"too_small"`
}

// Summary is a median with its confidence interval, at 95 % or as near to that as there are values for.
type Summary struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	N      int     `json:"n"`
}

// Alpha is the level of significance of comparisons.
const Alpha = 0.05

// Significant tells whether the two samples surely differ.
func (m MetricDifference) Significant() bool { return !m.TooSmall && m.P < Alpha }

// Loss is by which share the metric got worse; negative: it got better.
func (m MetricDifference) Loss() float64 {
	if m.HigherBetter {
		return 1 - m.Ratio
	}
	return m.Ratio - 1
}

// metric is a statistic of a cell.
type metric struct {
	name, unit string
	higher     bool
	of         func(Stats) float64
	says       func(Stats) bool // whether there is something that it could say
}

func metrics() []metric {
	acquired := func(st Stats) bool { return st.Acquired > 0 }
	steady := func(st Stats) bool { return st.Acquired > 0 && !st.Unstable() }
	handed := func(st Stats) bool { return st.Handoff.Count > 0 }
	return []metric{
		{"rate", "acquires/s", true, func(st Stats) float64 { return st.PerSecond }, acquired},
		{"acquire p50", "ms", false, func(st Stats) float64 { return st.Acquire.P50.Seconds() * 1000 }, steady},
		{"acquire p99", "ms", false, func(st Stats) float64 { return st.Acquire.P99.Seconds() * 1000 }, steady},
		{"handoff p50", "ms", false, func(st Stats) float64 { return st.Handoff.P50.Seconds() * 1000 }, handed},
	}
}

// ErrNothingShared is wrapped by the error of a comparison of runs that have no cell in common.
var ErrNothingShared = errors.New("they have no cell in common")

// Compare compares two stored runs.
func Compare(before, after *Run) (Difference, error) {
	c, err := CompareAll(before, after)
	if err != nil {
		return Difference{}, err
	}
	return c.Differences[0], nil
}

// CompareAll compares several stored runs with one. Each has to share a strategy under a fault with it.
func CompareAll(before *Run, after ...*Run) (Comparison, error) {
	all := Comparison{Schema: 1}
	for _, run := range after {
		d, err := compare(before, run)
		if err != nil {
			return all, err
		}
		all.Differences = append(all.Differences, d)
	}
	all.correct()
	return all, nil
}

// compare leaves p-values as they are.
func compare(before, after *Run) (Difference, error) {
	d := Difference{Before: before.Dir(), After: after.Dir(), Notes: circumstances(before.Manifest(), after.Manifest())}
	old, err := before.load()
	if err != nil {
		return d, err
	}
	now, err := after.load()
	if err != nil {
		return d, err
	}
	then := newPage(Manifest{}, old).rows
	since := newPage(Manifest{}, now).rows
	for _, at := range places(old, now) {
		cell := CellDifference{Strategy: at[0], Fault: at[1], Before: standing(then[at]), After: standing(since[at])}
		cell.Change = change(cell.Before, cell.After)
		cell.Metrics = differences(then[at], since[at])
		d.Cells = append(d.Cells, cell)
	}
	if !slices.ContainsFunc(d.Cells, func(c CellDifference) bool { return c.Before.Repeats > 0 && c.After.Repeats > 0 }) {
		return d, fmt.Errorf("compare %s and %s: %w: %s, and %s: give runs of the same strategies under the same faults",
			d.Before, d.After, ErrNothingShared, few(old), few(now))
	}
	return d, nil
}

// few names the first strategies and faults of a run.
func few(run []contents) string {
	const some = 3
	all := places(run)
	var names []string
	for _, at := range all[:min(len(all), some)] {
		names = append(names, CellName{Strategy: at[0], Fault: at[1]}.String())
	}
	if len(all) > some {
		names = append(names, fmt.Sprintf("and %d more", len(all)-some))
	}
	return cmp.Or(strings.Join(names, ", "), "nothing") + " there"
}

// places are the strategies and faults of both runs, in their order.
func places(runs ...[]contents) (all [][2]string) {
	for _, run := range runs {
		for _, c := range run {
			if at := [2]string{c.Strategy, c.Fault}; !slices.Contains(all, at) {
				all = append(all, at)
			}
		}
	}
	return all
}

func circumstances(before, after Manifest) (notes []string) {
	for _, c := range []struct{ what, before, after string }{
		{"etcd", before.Environment.Etcd, after.Environment.Etcd},
		{"Go", before.Environment.Go, after.Environment.Go},
		{"cores", fmt.Sprint(before.Environment.Cores), fmt.Sprint(after.Environment.Cores)},
		{"system", before.Environment.OS + "/" + before.Environment.Arch, after.Environment.OS + "/" + after.Environment.Arch},
		{"seed", fmt.Sprint(before.Seed), fmt.Sprint(after.Seed)},
		{"settings", settings(before, after), settings(after, before)},
	} {
		if c.before != c.after {
			notes = append(notes, fmt.Sprintf("%s: %s before, %s after", c.what, c.before, c.after))
		}
	}
	return notes
}

// settings are the arguments that only one of two runs was given; its seed is no setting.
func settings(of, other Manifest) string {
	var own []string
	for i, arg := range of.Args {
		seed := arg == "--seed" || i > 0 && of.Args[i-1] == "--seed"
		if !seed && !slices.Contains(other.Args, arg) {
			own = append(own, arg)
		}
	}
	return cmp.Or(strings.Join(own, " "), "as usual")
}

func standing(repeats []contents) Standing {
	s := Standing{Repeats: len(repeats), Outcome: string(Planned)}
	var grades []checker.Grade
	for i, c := range repeats {
		grades = append(grades, c.Grade)
		if i == 0 || slices.Index(outcomes, guarantee(c)) < slices.Index(outcomes, s.Outcome) {
			s.Outcome = guarantee(c)
		}
	}
	s.Grade = checker.Weakest(grades...)
	return s
}

// known tells whether it was judged as far as it can be.
func (s Standing) known() bool {
	return s.Grade != checker.Ungraded && (s.Outcome == "held" || s.Outcome == "broken")
}

func change(before, after Standing) Change {
	switch {
	case !before.known() || !after.known():
		return UnknownChange
	case after.Grade < before.Grade, before.Outcome == "held" && after.Outcome == "broken":
		return Worse
	case after.Grade > before.Grade, before.Outcome != after.Outcome:
		return Better
	}
	return Same
}

func differences(before, after []contents) (all []MetricDifference) {
	for _, m := range metrics() {
		a, b := sample(before, m), sample(after, m)
		if len(a.Values) == 0 || len(b.Values) == 0 {
			continue
		}
		d := MetricDifference{Name: m.name, Unit: m.unit, HigherBetter: m.higher, Before: summary(a), After: summary(b)}
		switch {
		case d.Before.Median > 0:
			d.Ratio = d.After.Median / d.Before.Median
		case d.After.Median == 0:
			d.Ratio = 1
		}
		d.P = benchmath.AssumeNothing.Compare(a, b).P
		all = append(all, d)
	}
	return all
}

// sample has a value of each repeat that has something to say.
func sample(repeats []contents, m metric) *benchmath.Sample {
	var values []float64
	for _, c := range repeats {
		if c.measured && m.says(c.Stats) {
			values = append(values, m.of(c.Stats))
		}
	}
	return benchmath.NewSample(values, &benchmath.DefaultThresholds)
}

// summary has the least and the greatest value as its interval where there are too few for one.
func summary(s *benchmath.Sample) Summary {
	found := benchmath.AssumeNothing.Summary(s, 1-Alpha)
	least, most := s.Values[0], s.Values[len(s.Values)-1]
	return Summary{found.Center, math.Max(found.Lo, least), math.Min(found.Hi, most), len(s.Values)}
}

// correct raises the p-values by the number of tests, the smallest the most: of twenty comparisons of equals
// one would else be taken for a difference.
func (c *Comparison) correct() {
	var tests []*MetricDifference
	for d := range c.Differences {
		for i := range c.Differences[d].Cells {
			metrics := c.Differences[d].Cells[i].Metrics
			for j := range metrics {
				tests = append(tests, &metrics[j])
			}
		}
	}
	slices.SortStableFunc(tests, func(a, b *MetricDifference) int { return cmp.Compare(a.P, b.P) })
	for _, t := range tests {
		best := leastP(t.Before.N, t.After.N)
		before := slices.IndexFunc(tests, func(other *MetricDifference) bool { return other.P >= best })
		t.TooSmall = best*float64(len(tests)-max(before, 0)) >= Alpha
	}
	least := 0.0
	for i, t := range tests {
		least = max(least, min(1, t.P*float64(len(tests)-i)))
		t.P = least
	}
	c.Tests = len(tests)
	for leastP(c.Repeats, c.Repeats)*float64(max(c.Tests, 1)) >= Alpha {
		c.Repeats++
	}
}

// leastP is the p-value of two samples of which one is above the other as a whole: two of the ways to choose who is
// above.
func leastP(n, m int) float64 {
	ways := 1.0
	for i := 1; i <= n; i++ {
		ways *= float64(m+i) / float64(i)
	}
	return 2 / ways
}
