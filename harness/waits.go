package harness

import (
	"slices"
	"time"
)

// Waits are how long acquires took that got the lock, since they were due or invoked, in steps.
type Waits struct {
	Counts []int64 // of those that took no longer than each of WaitSteps, and longer than the one before; last, of all others
	Total  time.Duration
}

// WaitSteps are the upper bounds of what is counted together.
func WaitSteps() []time.Duration {
	return []time.Duration{
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
		100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	}
}

func newWaits() Waits { return Waits{Counts: make([]int64, len(WaitSteps())+1)} }

func (w *Waits) add(steps []time.Duration, took time.Duration) {
	i, _ := slices.BinarySearch(steps, took)
	w.Counts[i]++
	w.Total += took
}

func (w Waits) clone() Waits {
	w.Counts = slices.Clone(w.Counts)
	return w
}

// Add adds what was counted of another cell; the rest of it stays as it is.
func (s *Snapshot) Add(other Snapshot) {
	s.Grants += other.Grants
	s.Refused += other.Refused
	s.Unanswered += other.Unanswered
	s.Lost += other.Lost
	s.Injections += other.Injections
	s.Healed += other.Healed
	s.Elections += other.Elections
	if len(s.Waits.Counts) == 0 {
		s.Waits = newWaits()
	}
	for i, n := range other.Waits.Counts {
		s.Waits.Counts[i] += n
	}
	s.Waits.Total += other.Waits.Total
}
