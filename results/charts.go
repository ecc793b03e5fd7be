package results

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"lockquake/checker/history"
)

// chartsFile has what the charts of a cell are drawn from in the report: so much that it is enough for a screen, and
// no more for a million operations than for ten thousand.
const chartsFile = "charts.json"

// chartsVersion is the only version of chartsFile that there has been.
const chartsVersion = 1

// charts is chartsFile.
type charts struct {
	Version  int           `json:"version"`
	Duration time.Duration `json:"duration_ns"` // of the history
	OverTime []overTime    `json:"over_time"`   // the same in finer and coarser parts, the finest first
	Holders  []holderChart `json:"holders"`     // the cell's timeline, then those of its counterexamples
	Keys     []keyWaiters  `json:"keys,omitempty"`
}

// overTime are a cell's acquires in equal parts of its time. Durations are in microseconds.
type overTime struct {
	Parts int `json:"parts"`
	// Acquired has, of each part in which acquires came out ok, [part, took] if it is a single one, else
	// [part, how many, least, median, 99th percentile, most].
	Acquired [][]int64 `json:"acquired_us"`
	// Failed has [part, how many, most] of those that were not acquired, or are not known.
	Failed [][]int64 `json:"failed_us"`
	// Oldest is how long the oldest waiter had waited at most in each part, -1 where nobody waited.
	Oldest []int64 `json:"oldest_us"`
}

// grains are the numbers of parts: about what a wide screen, a column of a page and a thumb can show. Each divides
// the one before it.
func grains() []int { return []int{960, 240, 60} }

// keyWaiters is how many waited for one of several keys.
type keyWaiters struct {
	Key      string    `json:"key"`
	Acquires int       `json:"acquires"`
	Waiters  []float64 `json:"waiters"` // mean number, in equal parts of the time
}

// Limits of keyWaiters: rows and columns of the heat map.
const (
	mostKeys = 24
	keyParts = 120
)

// charts works out what is drawn of the scene; holders are its timelines.
func (s *scene) charts(holders []holderChart) charts {
	c := charts{Version: chartsVersion, Duration: s.last, Holders: holders, Keys: s.keyWaiters()}
	finest := s.tookByPart(grains()[0])
	oldest := oldestByPart(oldestWaiter(waitSteps(s.h), s.last), s.last, grains()[0])
	for _, n := range grains() {
		c.OverTime = append(c.OverTime, overTime{
			Parts: n, Acquired: finest.merged(n).summary(), Failed: s.failedByPart(n), Oldest: greatest(oldest, n),
		})
	}
	return c
}

// part is which of n equal parts of the history a time is in.
func (s *scene) part(at time.Duration, n int) int {
	return min(max(int(float64(at)/max(float64(s.last), 1)*float64(n)), 0), n-1)
}

// parted are durations in µs, sorted by the part of time that they are in: those of part i are took[first[i]:first[i+1]].
type parted struct {
	first []int
	took  []int64
}

func (p parted) parts() int { return len(p.first) - 1 }

func (p parted) in(part int) []int64 { return p.took[p.first[part]:p.first[part+1]] }

// tookByPart has what the acquires took that came out ok, by when they returned.
func (s *scene) tookByPart(n int) parted {
	p := parted{first: make([]int, n+1)}
	each := func(do func(part int, took int64)) {
		for i := range s.h.Ops {
			if o := &s.h.Ops[i]; waits(o) && o.Outcome == history.OK && o.ReturnAt <= s.last {
				do(s.part(o.ReturnAt, n), micros(o.ReturnAt-o.Due()))
			}
		}
	}
	each(func(part int, _ int64) { p.first[part+1]++ })
	for i := range n {
		p.first[i+1] += p.first[i]
	}
	next := slices.Clone(p.first)
	p.took = make([]int64, p.first[n])
	each(func(part int, took int64) {
		p.took[next[part]] = took
		next[part]++
	})
	return p
}

func micros(d time.Duration) int64 { return max(d, 0).Round(time.Microsecond).Microseconds() }

// merged is the same in fewer parts, a divisor of those that there are.
func (p parted) merged(n int) parted {
	m := parted{took: p.took}
	for i := 0; i < len(p.first); i += p.parts() / n {
		m.first = append(m.first, p.first[i])
	}
	return m
}

// summary is what overTime.Acquired has. Quantiles are exact: the nearest rank among all of the part.
func (p parted) summary() [][]int64 {
	rows := [][]int64{}
	for part := range p.parts() {
		took := p.in(part)
		slices.Sort(took)
		switch n := len(took); n {
		case 0:
		case 1:
			rows = append(rows, []int64{int64(part), took[0]})
		default:
			rows = append(rows, []int64{int64(part), int64(n), took[0], took[(n-1)/2], took[(n*99+99)/100-1], took[n-1]})
		}
	}
	return rows
}

func (s *scene) failedByPart(n int) [][]int64 {
	count, most := make([]int64, n), make([]int64, n)
	for i := range s.h.Ops {
		if o := &s.h.Ops[i]; waits(o) && o.Outcome != history.OK && o.ReturnAt <= s.last {
			part := s.part(o.ReturnAt, n)
			count[part]++
			most[part] = max(most[part], micros(o.ReturnAt-o.Due()))
		}
	}
	rows := [][]int64{}
	for part := range n {
		if count[part] > 0 {
			rows = append(rows, []int64{int64(part), count[part], most[part]})
		}
	}
	return rows
}

// oldestByPart is the sawtooth's upper edge.
func oldestByPart(teeth iter.Seq[tooth], last time.Duration, n int) []int64 {
	oldest := slices.Repeat([]int64{-1}, n)
	width := max(float64(last)/float64(n), 1)
	for t := range teeth {
		for i := int(float64(t.from) / width); i < n && float64(i)*width < float64(t.to); i++ {
			until := min(t.to, time.Duration(float64(i+1)*width))
			oldest[i] = max(oldest[i], micros(until-t.call))
		}
	}
	return oldest
}

// greatest are the greatest of values in fewer parts, a divisor of those that there are.
func greatest(values []int64, n int) []int64 {
	var all []int64
	for some := range slices.Chunk(values, len(values)/n) {
		all = append(all, slices.Max(some))
	}
	return all
}

// keyWaiters are those of the keys that were asked for most, in their order of names; nil if there is only one key.
func (s *scene) keyWaiters() []keyWaiters {
	at := map[string]int{}
	var all []keyWaiters
	for i := range s.h.Ops {
		o := &s.h.Ops[i]
		if !waits(o) {
			continue
		}
		k, ok := at[o.Key]
		if !ok {
			k, at[o.Key] = len(all), len(all)
			all = append(all, keyWaiters{Key: o.Key, Waiters: make([]float64, keyParts)})
		}
		all[k].Acquires++
		if part := float64(s.last) / keyParts; part > 0 {
			spread(all[k].Waiters, part, float64(o.Due()), float64(min(o.ReturnAt, s.last)), 1)
		}
	}
	if len(all) < 2 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b keyWaiters) int { return cmp.Compare(b.Acquires, a.Acquires) })
	all = all[:min(len(all), mostKeys)]
	slices.SortFunc(all, func(a, b keyWaiters) int { return cmp.Compare(a.Key, b.Key) })
	for _, k := range all {
		for i, waiting := range k.Waiters {
			k.Waiters[i] = float64(int(waiting*100+0.5)) / 100
		}
	}
	return all
}
