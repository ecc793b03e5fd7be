package results

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

// writeBenchmarks writes a line for each measured cell, in the format of golang.org/design/14313-benchmark-format.
// Repeats have the same name, so benchstat compares the medians of two runs, and knows their spread.
func writeBenchmarks(p *page, w io.Writer) error {
	out := benchfmt.NewWriter(w)
	config := []benchfmt.Config{
		{Key: "goos", Value: []byte(p.Environment.OS), File: true},
		{Key: "goarch", Value: []byte(p.Environment.Arch), File: true},
		{Key: "etcd", Value: []byte(p.Environment.Etcd), File: true},
	}
	for _, unit := range []string{"acquires/s", "jain"} {
		if err := out.Write(&benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit, Key: "better"}, OrigUnit: unit, Value: "higher"}); err != nil {
			return err
		}
	}
	for _, c := range p.planned {
		if !c.measured || c.Acquired == 0 {
			continue
		}
		if err := out.Write(&benchfmt.Result{Config: config, Name: benchmarkName(c, p.Environment.Cores), Iters: c.Acquired, Values: append(measurements(c.Stats), costs(c)...)}); err != nil {
			return err
		}
	}
	return nil
}

// benchmarkName has the cell's coordinates as the format has them, and the cores as package testing does, but also where
// there is one: a fault may be named so that it seems to end with a number of cores.
func benchmarkName(c contents, cores int) benchfmt.Name {
	under := "fault=" + url.PathEscape(c.Fault)
	if what, value, varied := strings.Cut(c.Fault, "="); varied { // it names a setting
		under = url.PathEscape(what) + "=" + url.PathEscape(value)
	}
	return benchfmt.Name(fmt.Sprintf("Lock/strategy=%s/%s-%d", url.PathEscape(c.Strategy), under, cores))
}

// measurements leaves out what was not measured, or says nothing.
func measurements(st Stats) (all []benchfmt.Value) {
	if !st.Unstable() {
		all = append(all, nanoseconds(st.Acquire.Mean, "op"), nanoseconds(st.Acquire.P50, "acquire-p50"), nanoseconds(st.Acquire.P99, "acquire-p99"))
	}
	if st.Handoff.Count > 0 {
		all = append(all, nanoseconds(st.Handoff.P50, "handoff-p50"), nanoseconds(st.Handoff.P99, "handoff-p99"))
	}
	return append(all, nanoseconds(st.LongestGap, "longest-gap"),
		benchfmt.Value{Value: st.PerSecond, Unit: "acquires/s"}, benchfmt.Value{Value: st.Jain, Unit: "jain"})
}

// costs are those of a bench's cells; what is not known of one is left out.
func costs(c contents) (values []benchfmt.Value) {
	if c.Costs == nil {
		return nil
	}
	row := newBenchRow([]contents{c})
	for _, m := range []struct {
		unit string
		of   Spread
	}{
		{"x-floor", row.OfFloor}, {"proposals/acquire", row.Proposals}, {"requests/acquire", row.Requests},
		{"watches/acquire", row.Watches}, {"events/acquire", row.Events},
	} {
		if m.of.N > 0 {
			values = append(values, benchfmt.Value{Value: m.of.Median, Unit: m.unit})
		}
	}
	for _, m := range []struct {
		what string
		of   Spread
	}{{"gap", row.Gap}, {"floor-p50", row.Floor}} {
		if m.of.N > 0 {
			values = append(values, nanoseconds(time.Duration(m.of.Median), m.what))
		}
	}
	return values
}

func nanoseconds(d time.Duration, what string) benchfmt.Value {
	return benchfmt.Value{Value: d.Seconds(), Unit: "sec/" + what, OrigValue: float64(d.Nanoseconds()), OrigUnit: "ns/" + what}
}
