package results

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockquake/checker"
)

// measuredRun has one cell a repeat, of the given rates, which all came out alike.
func measuredRun(t *testing.T, grade checker.Grade, validity checker.Validity, rates ...float64) *Run {
	t.Helper()
	info := Info{Seed: 1, Etcd: "3.7.3"}
	for i := range rates {
		info.Cells = append(info.Cells, CellName{"mutex", "none", i + 1})
	}
	r := must(Create(filepath.Join(t.TempDir(), "run"), info))(t)
	for i, rate := range rates {
		c := must(r.Cell(info.Cells[i]))(t)
		st := Stats{Acquired: 100, PerSecond: rate, Acquire: Latency{P50: time.Duration(1e9 / rate)}}
		check(t, writeJSON(c.Path(statsFile), measurement{Stats: st}))
		check(t, r.update(i, func(rec *Record) { rec.State, rec.Grade, rec.Validity = Done, grade, validity }))
	}
	return r
}

func compareOne(t *testing.T, before, after *Run) CellDifference {
	t.Helper()
	d := must(Compare(before, after))(t)
	if len(d.Cells) != 1 {
		t.Fatalf("%d cells", len(d.Cells))
	}
	return d.Cells[0]
}

func TestChangeOfAGuarantee(t *testing.T) {
	for _, c := range []struct {
		before, after   checker.Grade
		beforeV, afterV checker.Validity
		want            Change
	}{
		{checker.Exclusive, checker.Exclusive, checker.Valid, checker.Valid, Same},
		{checker.Exclusive, checker.LeaseBounded, checker.Valid, checker.Valid, Worse},
		{checker.Fenced, checker.Exclusive, checker.Valid, checker.Valid, Better},
		{checker.Exclusive, checker.Exclusive, checker.Valid, checker.Invalid, Worse}, // progress, say
		{checker.Exclusive, checker.Exclusive, checker.Invalid, checker.Valid, Better},
		{checker.Unsafe, checker.Unsafe, checker.Invalid, checker.Invalid, Same},
		{checker.Exclusive, checker.Ungraded, checker.Valid, checker.Unknown, UnknownChange},
		{checker.Ungraded, checker.Exclusive, checker.Unknown, checker.Valid, UnknownChange},
		{checker.Exclusive, checker.Exclusive, checker.Valid, checker.Unknown, UnknownChange},
	} {
		got := compareOne(t, measuredRun(t, c.before, c.beforeV, 10), measuredRun(t, c.after, c.afterV, 10))
		if got.Change != c.want {
			t.Errorf("%v (%v) to %v (%v): %v, want %v", c.before, c.beforeV, c.after, c.afterV, got.Change, c.want)
		}
	}
}

func TestCellOfOneRunOnlyIsUnknown(t *testing.T) {
	before, after := measuredRun(t, checker.Exclusive, checker.Valid, 10), measuredRun(t, checker.Exclusive, checker.Valid, 10)
	after.manifest.Cells[0].Fault = "pause-holder"
	_, err := Compare(before, after)
	if !errors.Is(err, ErrNothingShared) || !strings.Contains(err.Error(), "mutex without faults there, and mutex under pause-holder there") {
		t.Errorf("nothing is shared: %v", err)
	}
	after = measuredRun(t, checker.Exclusive, checker.Valid, 10, 10)
	after.manifest.Cells[1].Fault = "pause-holder"
	d := must(Compare(before, after))(t)
	if len(d.Cells) != 2 || d.Cells[0].Change != Same || d.Cells[1].Change != UnknownChange || d.Cells[1].Before.Repeats != 0 {
		t.Errorf("cells %+v", d.Cells)
	}
}

// All tests of a comparison are corrected for together, and how many repeats that takes is told.
func TestSeveralRunsAreOneFamilyOfTests(t *testing.T) {
	slow := measuredRun(t, checker.Exclusive, checker.Valid, 10, 11, 12, 13, 14)
	fast := measuredRun(t, checker.Exclusive, checker.Valid, 20, 21, 22, 23, 24)
	one, three := must(CompareAll(slow, fast))(t), must(CompareAll(slow, fast, fast, fast))(t)
	if one.Schema != 1 || one.Tests != 3 || one.Repeats != 5 || three.Tests != 9 || three.Repeats != 6 {
		t.Errorf("%d tests take %d repeats, %d take %d", one.Tests, one.Repeats, three.Tests, three.Repeats)
	}
	if a, b := one.Differences[0].Cells[0].Metrics[0], three.Differences[2].Cells[0].Metrics[0]; !a.Significant() || !b.TooSmall || b.P <= a.P {
		t.Errorf("alone %+v, among others %+v", a, b)
	}
	if two, all := leastP(5, 5)*3, leastP(6, 6)*9; two >= Alpha || all >= Alpha || leastP(5, 5)*9 < Alpha {
		t.Errorf("5 repeats leave %v of 3 tests, 6 leave %v of 9", two, all)
	}
}

// Published: of two samples of eight without an overlap, p is 2 of 12870.
func TestSamplesThatDoNotOverlapAreToldApart(t *testing.T) {
	slow := []float64{10, 11, 12, 13, 14, 15, 16, 17}
	fast := []float64{20, 21, 22, 23, 24, 25, 26, 27}
	run := func(rates []float64) *Run { return measuredRun(t, checker.Exclusive, checker.Valid, rates...) }
	m := compareOne(t, run(slow), run(fast)).Metrics[0]
	if m.Name != "rate" || !m.Significant() || m.P < 2.0/12870 || m.Ratio != 23.5/13.5 || m.Loss() > 0 {
		t.Errorf("slow to fast: %+v", m)
	}
	back := compareOne(t, run(fast), run(slow))
	if loss := back.Metrics[0].Loss(); math.Abs(loss-(1-13.5/23.5)) > 1e-9 {
		t.Errorf("fast to slow loses %v of the rate", loss)
	}
	if p50 := back.Metrics[1]; p50.Name != "acquire p50" || p50.Loss() <= 0.5 {
		t.Errorf("fast to slow: %+v", p50)
	}
	if m := compareOne(t, run(slow), run(slow)).Metrics[0]; m.Significant() || m.TooSmall {
		t.Errorf("slow to itself: %+v", m)
	}
	if m := compareOne(t, run(slow[:3]), run(fast[:3])).Metrics[0]; m.Significant() || !m.TooSmall {
		t.Errorf("three repeats each: %+v", m)
	}
}

// Holm: of p-values 0.01, 0.04, 0.03 the corrected ones are 0.03, 0.06, 0.06.
func TestManyTestsAreCorrectedFor(t *testing.T) {
	var d Difference
	var c Comparison
	for _, p := range []float64{0.01, 0.04, 0.03} {
		m := MetricDifference{P: p, Before: Summary{N: 8}, After: Summary{N: 8}}
		d.Cells = append(d.Cells, CellDifference{Metrics: []MetricDifference{m}})
	}
	c.Differences = []Difference{d}
	c.correct()
	for i, want := range []float64{0.03, 0.06, 0.06} {
		if got := d.Cells[i].Metrics[0].P; math.Abs(got-want) > 1e-12 {
			t.Errorf("p %d is %v, want %v", i, got, want)
		}
	}
}

func TestWhatElseWasDifferentIsSaid(t *testing.T) {
	before, after := measuredRun(t, checker.Exclusive, checker.Valid, 10), measuredRun(t, checker.Exclusive, checker.Valid, 10)
	if d := must(Compare(before, after))(t); len(d.Notes) != 0 {
		t.Errorf("notes %q on equals", d.Notes)
	}
	before.manifest.Args = []string{"lockquake", "run", "--fault=none", "--seed", "1"}
	after.manifest.Args = []string{"lockquake", "run", "--fault=none", "--seed", "2", "--clients=3"}
	after.manifest.Environment.Etcd, after.manifest.Seed = "3.6.7", 2
	if got := fmt.Sprint(must(Compare(before, after))(t).Notes); got != "[etcd: 3.7.3 before, 3.6.7 after seed: 1 before, 2 after settings: as usual before, --clients=3 after]" {
		t.Errorf("notes %s", got)
	}
}
