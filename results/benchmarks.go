package results

import (
	"io"
	"net/url"
	"strconv"
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
		if err := out.Write(&benchfmt.Result{Config: config, Name: benchmarkName(c, p.Environment.Cores), Iters: c.Acquired, Values: measurements(c.Stats)}); err != nil {
			return err
		}
	}
	return nil
}

// benchmarkName has the cell's coordinates as the format has them, and the cores as package testing does.
func benchmarkName(c contents, cores int) benchfmt.Name {
	name := "Lock/strategy=" + url.PathEscape(c.Strategy) + "/fault=" + url.PathEscape(c.Fault)
	if cores != 1 {
		name += "-" + strconv.Itoa(cores)
	}
	return benchfmt.Name(name)
}

func measurements(st Stats) []benchfmt.Value {
	ns := func(d time.Duration, what string) benchfmt.Value {
		return benchfmt.Value{Value: d.Seconds(), Unit: "sec/" + what, OrigValue: float64(d.Nanoseconds()), OrigUnit: "ns/" + what}
	}
	return []benchfmt.Value{
		ns(st.Acquire.Mean, "op"),
		ns(st.Acquire.P50, "acquire-p50"),
		ns(st.Acquire.P99, "acquire-p99"),
		ns(st.Handoff.P50, "handoff-p50"),
		ns(st.Handoff.P99, "handoff-p99"),
		ns(st.LongestGap, "longest-gap"),
		{Value: st.PerSecond, Unit: "acquires/s"},
		{Value: st.Jain, Unit: "jain"},
	}
}
