package results

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Bench is a run whose cells were carried out to be compared by what they cost: a row for each strategy at each
// setting, in the order of the plan. The unit of all comparisons is a whole cell's statistic: the operations of one
// cell depend on each other.
type Bench struct {
	Schema      int         `json:"schema"`
	Seed        uint64      `json:"seed"`
	Args        []string    `json:"args"`
	Environment Environment `json:"environment"`
	// Reference is the strategy that rates are given as multiples of.
	Reference string     `json:"reference"`
	Rows      []BenchRow `json:"rows"`
}

// BenchRow is one strategy at one setting, all repeats together. What was not measured has a count of no repeats.
type BenchRow struct {
	Strategy string  `json:"strategy"`
	Setting  string  `json:"setting"` // as in W=8
	Clients  int     `json:"clients"`
	Keys     int     `json:"keys"`
	Offered  float64 `json:"offered,omitempty"` // open loop: acquires that fell due a second; of repeats the median
	Outcome  string  `json:"outcome"`           // the worst of the repeats: held, broken, unknown, failed or planned
	Planned  int     `json:"planned"`           // repeats, of which those are measured that held

	Rate       Spread `json:"rate"` // acquisitions a second
	Ratio      Ratio  `json:"ratio"`
	AcquireP50 Spread `json:"acquire_p50_ns"`
	AcquireP99 Spread `json:"acquire_p99_ns"`
	// Gap is the mean time in which nobody holds the lock, between two holds. Like Handoff, it is of clients that wait in
	// line for one key: in an open loop, and with several keys, nobody may want the lock.
	Gap     Spread `json:"gap_ns"`
	Handoff Spread `json:"handoff_p50_ns"`
	OfFloor Spread `json:"handoff_over_floor"` // the median handoff as a multiple of the median floor of the same cell
	GapOf   Spread `json:"gap_over_floor"`     // the mean gap, as well
	Floor   Spread `json:"floor_p50_ns"`
	Put     Spread `json:"put_p50_ns"`
	LateP99 Spread `json:"late_p99_ns"`

	// For each acquisition.

	Proposals Spread             `json:"proposals"`
	Requests  Spread             `json:"requests"`
	Watches   Spread             `json:"watches"`
	Events    Spread             `json:"events"`
	ByKind    map[string]float64 `json:"requests_by_kind"` // medians

	Idle    Spread `json:"idle"`    // share of the machine's cores
	Others  Spread `json:"others"`  // the same, that other processes took
	Backlog Spread `json:"backlog"` // open loop: acquires that were due and not begun at the end

	Stalled  bool `json:"stalled"`  // it runs as fast as etcd serves watches that begin in the past
	Unstable bool `json:"unstable"` // more was asked of it than it could do
	Busy     int  `json:"busy"`     // repeats in which other processes took the cores
	Full     int  `json:"full"`     // repeats in which hardly any core was idle: it was the machine that set the pace
}

// Spread is of the repeats' values.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	N      int     `json:"n"` // 0: there is none
}

// Ratio compares rates with those of the reference at the same setting.
type Ratio struct {
	Of float64 `json:"of"` // the medians'; 0: there is nothing to compare with
	// Claimed tells that it is outside of what chance makes of equals, and that no repeat of one comes near any of the other.
	Claimed bool `json:"claimed"`
}

// Limits of marks.
const (
	busyShare = 0.10 // of the cores, that others took
	fullShare = 0.05 // of the cores, that were idle
	// stallPeriod is that of the loop in which an etcd server serves watches that begin at a revision that is past
	// (mvcc/watchable_store.go, watchResyncPeriod): each of W waiters gets the lock once in it.
	stallPeriod  = 100 * time.Millisecond
	stallWithin  = 0.25 // of that rate, and of the time that an acquire takes then
	stallShare   = 0.5  // of a turn: where nobody holds the lock for less than that, it is the holds that take long
	leastRepeats = 3    // for a claim
)

// noise is by how much medians of three repeats of equals may differ, measured on two shared cores.
func noise(clients int) float64 {
	switch {
	case clients >= 32:
		return 1.25
	case clients >= 8:
		return 1.35
	}
	return 1.6
}

// ErrNoBench is wrapped by the error of a run that has no costs.
var ErrNoBench = errors.New("its cells were not carried out by lockquake bench")

// Bench works out what a stored run says of costs.
func (r *Run) Bench() (Bench, error) {
	cells, err := r.load()
	if err != nil {
		return Bench{}, err
	}
	b := newBench(r.Manifest(), cells)
	if len(b.Rows) == 0 {
		return b, fmt.Errorf("run %s: %w", r.dir, ErrNoBench)
	}
	return b, nil
}

// Bench is the page's, if its run is one.
func (p *page) Bench() *Bench {
	b := newBench(p.Manifest, p.planned)
	if len(b.Rows) == 0 {
		return nil
	}
	return &b
}

func newBench(m Manifest, cells []contents) Bench {
	b := Bench{Schema: schema, Seed: m.Seed, Args: m.Args, Environment: m.Environment}
	repeats := newPage(Manifest{}, cells).rows
	for _, at := range places(cells) {
		row := newBenchRow(repeats[at])
		if row.Clients > 0 {
			b.Rows = append(b.Rows, row)
		}
	}
	b.compare()
	return b
}

// newBenchRow has no clients if none of the cells has costs. It is of those that held: how fast a lock is that broke says
// nothing, nor does what was interrupted.
func newBenchRow(cells []contents) BenchRow {
	row := BenchRow{Strategy: cells[0].Strategy, Setting: cells[0].Fault, Outcome: standing(cells).Outcome, ByKind: map[string]float64{}}
	row.Planned = len(cells)
	var held []contents
	for _, c := range cells {
		if c.Costs == nil || !c.measured {
			continue
		}
		row.Clients, row.Keys = c.Costs.Clients, c.Costs.Keys
		if outcome(c) == "held" {
			held = append(held, c)
		}
	}
	row.fill(held)
	row.mark(held)
	return row
}

func (row *BenchRow) fill(cells []contents) {
	ns := func(of func(contents) time.Duration) Spread {
		return spreadOf(cells, func(c contents) (float64, bool) { return float64(of(c)), of(c) > 0 })
	}
	per := func(of func(*Costs) int64) Spread {
		return spreadOf(cells, func(c contents) (float64, bool) {
			return c.Costs.Per(of(c.Costs)), c.Costs.Acquired > 0 && of(c.Costs) >= 0
		})
	}
	share := func(of func(*Cores) float64) Spread {
		return spreadOf(cells, func(c contents) (float64, bool) { return of(cmp.Or(c.Costs.Cores, &Cores{})), c.Costs.Cores != nil })
	}
	row.Rate = spreadOf(cells, func(c contents) (float64, bool) { return c.PerSecond, true })
	row.Offered = spreadOf(cells, func(c contents) (float64, bool) { return c.Costs.Rate, true }).Median
	row.AcquireP50 = ns(func(c contents) time.Duration { return c.Acquire.P50 })
	row.AcquireP99 = ns(func(c contents) time.Duration { return c.Acquire.P99 })
	row.Floor = ns(func(c contents) time.Duration { return c.Costs.Floor.P50 })
	row.Put = ns(func(c contents) time.Duration { return c.Costs.Put.P50 })
	row.LateP99 = ns(func(c contents) time.Duration { return c.Costs.Late.P99 })
	row.Proposals = per(func(c *Costs) int64 { return c.Proposals })
	row.Requests = per(func(c *Costs) int64 { return c.seen(c.Asked()) })
	row.Watches = per(func(c *Costs) int64 { return c.seen(c.Watches) })
	row.Events = per(func(c *Costs) int64 { return c.seen(c.Events) })
	for _, kind := range kinds(cells) {
		row.ByKind[kind] = per(func(c *Costs) int64 { return c.Requests[kind] }).Median
	}
	row.Idle = share(func(c *Cores) float64 { return c.Idle })
	row.Others = share(func(c *Cores) float64 { return c.Others })
	row.Backlog = spreadOf(cells, func(c contents) (float64, bool) { return float64(c.Stats.Backlog), c.Costs.Rate > 0 })
	if row.inLine() {
		row.Gap = ns(contents.gap)
		row.Handoff = ns(func(c contents) time.Duration { return c.Handoff.P50 })
		ofFloor := func(of func(contents) time.Duration) Spread {
			return spreadOf(cells, func(c contents) (float64, bool) {
				return float64(of(c)) / float64(max(c.Costs.Floor.P50, 1)), of(c) > 0 && c.Costs.Floor.Count > 0
			})
		}
		row.OfFloor = ofFloor(func(c contents) time.Duration { return c.Handoff.P50 })
		row.GapOf = ofFloor(contents.gap)
	}
}

// inLine tells whether clients wait in line for one lock all the time.
func (row *BenchRow) inLine() bool { return row.Keys == 1 && row.Offered == 0 }

// gap is the mean time between two holds. It is 1 / rate - hold, but without the error of a turn that the window's ends
// cut, which of long holds is larger than the gap: holds and handoffs follow each other without a break.
func (c contents) gap() time.Duration { return c.Handoff.Mean }

func kinds(cells []contents) (all []string) {
	for _, c := range cells {
		for kind := range c.Costs.Requests {
			all = append(all, kind)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// spreadOf leaves out the cells of which a value is not known.
func spreadOf(cells []contents, of func(contents) (value float64, known bool)) Spread {
	var values []float64
	for _, c := range cells {
		if value, known := of(c); known {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	middle := (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	return Spread{middle, values[0], values[len(values)-1], len(values)}
}

func (row *BenchRow) mark(cells []contents) {
	for _, c := range cells {
		row.Unstable = row.Unstable || c.Costs.Rate > 0 && c.Stats.Unstable()
		if cores := c.Costs.Cores; cores != nil && cores.Others > busyShare {
			row.Busy++
		}
		if cores := c.Costs.Cores; cores != nil && cores.Idle < fullShare && cores.Others <= busyShare {
			row.Full++
		}
	}
	row.Stalled = row.stalled()
}

// stalled tells of a lock whose every waiter gets it once in a stallPeriod, no matter how many they are. One that asks
// again and again may be as slow, by chance; then most acquires take another time.
func (row *BenchRow) stalled() bool {
	near := func(value, wanted float64) bool { return math.Abs(value-wanted) <= stallWithin*wanted }
	return row.Clients > 1 && row.inLine() && near(row.Rate.Median, float64(row.Clients)/stallPeriod.Seconds()) &&
		near(row.AcquireP50.Median, float64(stallPeriod)) && row.Gap.Median*row.Rate.Median > stallShare*float64(time.Second)
}

// compare gives the rates as multiples of the reference's: mutex's, or those of the first strategy.
func (b *Bench) compare() {
	const usual = "mutex"
	for _, row := range b.Rows {
		if b.Reference == "" || row.Strategy == usual {
			b.Reference = row.Strategy
		}
	}
	for i := range b.Rows {
		row := &b.Rows[i]
		other := slices.IndexFunc(b.Rows, func(r BenchRow) bool { return r.Strategy == b.Reference && r.Setting == row.Setting })
		if other >= 0 && other != i && row.Offered == 0 { // in an open loop it is what was asked that differs
			row.Ratio = row.Rate.over(b.Rows[other].Rate, noise(row.Clients))
		}
	}
}

func (s Spread) over(other Spread, noise float64) (r Ratio) {
	if other.Median == 0 || s.Median == 0 {
		return r
	}
	r.Of = s.Median / other.Median
	apart := s.Low > other.High || s.High < other.Low
	r.Claimed = apart && max(r.Of, 1/r.Of) >= noise && min(s.N, other.N) >= leastRepeats
	return r
}

// Varied is what the setting varies, and to what: "W" and "8" of W=8.
func (row *BenchRow) Varied() (what, value string) {
	what, value, _ = strings.Cut(row.Setting, "=")
	return what, value
}

// Marks are what must be known of a row before its numbers are believed, in few words.
func (row *BenchRow) Marks() (marks []string) {
	if row.Outcome != "held" && row.Outcome != string(Planned) {
		marks = append(marks, strings.ToUpper(row.Outcome))
	}
	if row.Rate.N < row.Planned {
		marks = append(marks, fmt.Sprintf("%d of %d repeats", row.Rate.N, row.Planned))
	}
	if row.Stalled {
		marks = append(marks, "stall")
	}
	if row.Unstable {
		marks = append(marks, fmt.Sprintf("unstable, backlog %.0f", row.Backlog.Median))
	}
	if row.Busy > 0 {
		marks = append(marks, fmt.Sprintf("busy %d/%d", row.Busy, row.Rate.N))
	}
	if row.Full > 0 {
		marks = append(marks, fmt.Sprintf("full %d/%d", row.Full, row.Rate.N))
	}
	return marks
}

// Notes explain the marks that there are, in sentences.
func (b *Bench) Notes() (notes []string) {
	has := func(what func(BenchRow) bool) bool { return slices.ContainsFunc(b.Rows, what) }
	add := func(when bool, note string) {
		if when {
			notes = append(notes, note)
		}
	}
	if ground := b.ground(); ground != "" {
		notes = append(notes, ground)
	}
	add(has(func(r BenchRow) bool { return r.Stalled }), "stall: about 10 acquisitions a second for each client that waits. etcd tells a watch that begins at the current revision, or before, only every 100 ms; the lock waits for that, not for the disk or the network. The mean gap shows it, the median handoff hides it.")
	add(has(func(r BenchRow) bool { return r.Unstable }), "unstable: more was asked than the lock could do, so how long an acquire took says only for how long it was measured.")
	add(has(func(r BenchRow) bool { return r.Busy > 0 }), fmt.Sprintf("busy: in so many repeats other processes took more than %.0f%% of the cores. Counts hold; take the times again when the machine is quiet.", 100*busyShare))
	add(has(func(r BenchRow) bool { return r.Full > 0 }), fmt.Sprintf("full: in so many repeats less than %.0f%% of the cores was idle: members, clients and lockquake share them, and it was they that set the pace.", 100*fullShare))
	add(has(func(r BenchRow) bool { return r.Rate.N > 0 && r.Idle.N == 0 }), "Whether the machine was busy is not known: this system does not tell.")
	add(has(func(r BenchRow) bool { return r.Ratio.Of > 0 && !r.Ratio.Claimed }), fmt.Sprintf("~: equals differ so much by chance, or there were fewer than %d repeats.", leastRepeats))
	return notes
}

// ground says what the locks stood on: the median of the rows' medians, and the range of all repeats.
func (b *Bench) ground() string {
	over := func(of func(BenchRow) Spread) string {
		var medians []float64
		all := Spread{Low: math.Inf(1)}
		for _, row := range b.Rows {
			if s := of(row); s.N > 0 {
				medians = append(medians, s.Median)
				all = Spread{Low: min(all.Low, s.Low), High: max(all.High, s.High), N: all.N + s.N}
			}
		}
		if len(medians) == 0 {
			return ""
		}
		slices.Sort(medians)
		all.Median = medians[len(medians)/2]
		return fmt.Sprintf("%s ms (%s to %s)", milliseconds(all.Median), milliseconds(all.Low), milliseconds(all.High))
	}
	floor, put := over(func(row BenchRow) Spread { return row.Floor }), over(func(row BenchRow) Spread { return row.Put })
	if floor == "" {
		return ""
	}
	return fmt.Sprintf("floor: from a delete until another client's watch tells of it, %s; for comparison a put, %s.", floor, cmp.Or(put, "not measured"))
}
