package results

import (
	"cmp"
	"slices"
	"time"

	"lockquake/checker/history"
)

// Stats are the measurements of one cell. Nothing in them is judged. Durations are in nanoseconds
// in JSON; they were measured in microseconds with three digits.
//
// Counts, rates, latencies and grants are of the measured window: from the first acquire and the
// warm-up after it, to the moment when the workload began to wind down.
type Stats struct {
	From time.Duration `json:"from_ns"`
	To   time.Duration `json:"to_ns"`

	Acquired  int     `json:"acquired"`
	Failed    int     `json:"failed"`
	Unknown   int     `json:"unknown"` // with those that never returned
	PerSecond float64 `json:"acquired_per_second"`

	// Acquire is of those that came out ok, from when they were due (in an open loop) or invoked, to their
	// return. Nested ones are neither counted nor measured: their clients hold the lock.
	// Backlog is, in an open loop, how many acquires were due and not begun when the workload stopped.
	Backlog int64 `json:"backlog,omitempty"`

	Acquire Latency `json:"acquire"`
	Hold    Latency `json:"hold"`
	// Handoff is from the invoke of a release to the return of the next acquire of its key. Of readers only the last
	// one out hands the lock on; of a semaphore, who gave back a permit when none was left.
	Handoff Latency `json:"handoff"`
	// LongestWait is of any acquire, since it was due, whatever came of it.
	LongestWait time.Duration `json:"longest_wait_ns"`
	// LongestGap is the longest time in which nobody was granted the lock.
	LongestGap   time.Duration `json:"longest_gap_ns"`
	LongestGapAt time.Duration `json:"longest_gap_at_ns"`
	// Detection is how long a holder believed on after the next owner, whose hold excludes its own, had acquired,
	// up to the moment when it was told that its lock was lost.
	Detection Latency `json:"detection"`

	Grants []Grants `json:"grants"` // by client
	Jain   float64  `json:"jain"`   // 1: all clients alike; 1/n: one of n got everything

	Duration time.Duration `json:"duration_ns"` // of the history
	Waiters  []float64     `json:"waiters"`     // mean number waiting, in equal parts of Duration
}

// Grants is how often one client got the lock.
type Grants struct {
	Client int32 `json:"client"`
	Count  int   `json:"count"`
}

// waiterParts is the resolution of Stats.Waiters.
const waiterParts = 240

// Measure works out the statistics of a history.
func Measure(h history.History) Stats {
	return unmarked(&h).measure()
}

func (s *scene) measure() Stats {
	st := Stats{Duration: s.last, From: s.begin() + s.h.Header.Warmup}
	st.To, st.Backlog = s.windDown()
	st.Waiters = waiters(waitSteps(s.h), s.last, waiterParts)
	s.measureAcquires(&st)
	s.measureHolds(&st)
	s.measureGap(&st)
	return st
}

// begin is when the first client asked for the lock: a cluster's start is not the lock's to answer for.
func (s *scene) begin() time.Duration {
	for _, o := range s.h.Ops {
		if o.Op == history.Acquire {
			return o.CallAt
		}
	}
	return 0
}

// windDown is when the workload stopped, else the end of the history; and how many acquires were due then.
func (s *scene) windDown() (at time.Duration, backlog int64) {
	for _, e := range s.h.Infos {
		if e.Op == history.Stop {
			return e.At, e.Value
		}
	}
	return s.last, 0
}

// Unstable tells that more was asked of the lock than it could do: how long an acquire took says only how long it
// was measured.
func (st Stats) Unstable() bool {
	return st.Backlog > int64(len(st.Grants)) && st.Backlog*10 > int64(st.Acquired)
}

func (st *Stats) measured(at time.Duration) bool { return at >= st.From && at <= st.To }

func (s *scene) measureAcquires(st *Stats) {
	latencies := newHistogram()
	grants := map[int32]int{}
	for _, o := range s.h.Ops {
		end := min(o.ReturnAt, s.last)
		if !waits(&o) {
			continue
		}
		if o.CallAt <= st.To {
			grants[o.Client] += 0 // who asked and was served too late, or never, got nothing
		}
		if !st.measured(end) && o.Return != history.Open {
			continue
		}
		st.LongestWait = max(st.LongestWait, end-o.Due())
		switch o.Outcome {
		case history.OK:
			st.Acquired++
			grants[o.Client]++
			latencies.record(o.ReturnAt - o.Due())
		case history.Fail:
			st.Failed++
		default:
			st.Unknown++
		}
	}
	if measured := (st.To - st.From).Seconds(); measured > 0 {
		st.PerSecond = float64(st.Acquired) / measured
	}
	st.Acquire = latencies.latency()
	st.Grants = sortedGrants(grants)
	st.Jain = jain(st.Grants)
}

func sortedGrants(grants map[int32]int) []Grants {
	var sorted []Grants
	for client, count := range grants {
		sorted = append(sorted, Grants{client, count})
	}
	slices.SortFunc(sorted, func(a, b Grants) int { return cmp.Compare(a.Client, b.Client) })
	return sorted
}

// jain is Jain's fairness index, (sum x)^2 / (n sum x^2); 0 if there is nothing to share
// (Jain, Chiu, Hawe, DEC-TR-301, 1984).
func jain(grants []Grants) float64 {
	var sum, squares float64
	for _, g := range grants {
		sum += float64(g.Count)
		squares += float64(g.Count) * float64(g.Count)
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(grants)) * squares)
}

func (s *scene) measureHolds(st *Stats) {
	held, handoff, detection := newHistogram(), newHistogram(), newHistogram()
	for _, hold := range s.holds {
		if hold.EndedBy != 0 && st.measured(hold.EndAt) {
			held.record(hold.EndAt - hold.StartAt)
		}
	}
	for h := range s.handoffs() {
		if st.measured(h.from) {
			handoff.record(h.width())
		}
	}
	for _, d := range s.detections() {
		if st.measured(d.to) {
			detection.record(d.width())
		}
	}
	st.Hold, st.Handoff, st.Detection = held.latency(), handoff.latency(), detection.latency()
}

func (s *scene) measureGap(st *Stats) {
	since := st.From
	grant := func(at time.Duration) {
		if gap := at - since; gap > st.LongestGap {
			st.LongestGap, st.LongestGapAt = gap, since
		}
		since = at
	}
	for _, hold := range s.holds {
		if st.measured(hold.StartAt) {
			grant(hold.StartAt)
		}
	}
	grant(max(st.To, since))
}
