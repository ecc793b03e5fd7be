package results

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency summarizes a distribution of durations.
type Latency struct {
	Count int64         `json:"count"`
	Mean  time.Duration `json:"mean_ns"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
	Curve []Quantile    `json:"curve,omitempty"`
	Bins  []Bin         `json:"bins,omitempty"`
}

// Quantile is a point of the percentile curve: one in OneIn took At or longer.
type Quantile struct {
	OneIn float64       `json:"one_in"`
	At    time.Duration `json:"at_ns"`
}

// Bin is how many took From or longer, up to where the next tenth of a decade begins. Empty ones are left out.
type Bin struct {
	From  time.Duration `json:"from_ns"`
	Count int64         `json:"count"`
}

// histogram counts durations in microseconds, up to an hour, with three digits; the longest is exact.
type histogram struct {
	hdr  *hdrhistogram.Histogram
	most time.Duration
}

const longest = time.Hour

func newHistogram() *histogram {
	return &histogram{hdr: hdrhistogram.New(1, longest.Microseconds(), 3)}
}

// record rounds to the nearest microsecond; what is longer than an hour counts as an hour.
func (h *histogram) record(d time.Duration) {
	d = min(max(d, 0), longest)
	h.most = max(h.most, d)
	if err := h.hdr.RecordValue(d.Round(time.Microsecond).Microseconds()); err != nil {
		panic("results: a clamped duration is out of range: " + err.Error())
	}
}

func (h *histogram) latency() Latency {
	if h.hdr.TotalCount() == 0 {
		return Latency{}
	}
	at := func(percent float64) time.Duration {
		return min(time.Duration(h.hdr.ValueAtPercentile(percent))*time.Microsecond, h.most)
	}
	return Latency{
		Count: h.hdr.TotalCount(),
		Mean:  time.Duration(h.hdr.Mean() * float64(time.Microsecond)),
		P50:   at(50),
		P90:   at(90),
		P99:   at(99),
		Max:   h.most,
		Curve: h.curve(at),
		Bins:  h.bins(),
	}
}

// curve goes no further than there are measurements: of n, the slowest is one in n.
func (h *histogram) curve(at func(percent float64) time.Duration) []Quantile {
	n := float64(h.hdr.TotalCount())
	var curve []Quantile
	for i := 0; ; i++ {
		oneIn := math.Pow(10, float64(i)/16)
		if oneIn >= n {
			return append(curve, Quantile{n, h.most})
		}
		curve = append(curve, Quantile{oneIn, at(100 - 100/oneIn)})
	}
}

// binsPerDecade is how fine Bins are: each reaches a quarter further than the one before it.
const binsPerDecade = 10

func (h *histogram) bins() []Bin {
	var bins []Bin
	last := -1
	for _, bar := range h.hdr.Distribution() {
		if bar.Count == 0 {
			continue
		}
		place := int(math.Log10(float64(max(bar.From, 1)))*binsPerDecade + 1e-9)
		if place != last {
			from := math.Pow(10, float64(place)/binsPerDecade)
			bins = append(bins, Bin{From: time.Duration(from * float64(time.Microsecond))})
			last = place
		}
		bins[len(bins)-1].Count += bar.Count
	}
	return bins
}
