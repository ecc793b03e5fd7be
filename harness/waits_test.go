package harness

import (
	"slices"
	"testing"
	"time"
)

func TestWaitsAreCountedUpToTheirStep(t *testing.T) {
	w := newWaits()
	for _, took := range []time.Duration{0, time.Millisecond, time.Millisecond + 1, 30 * time.Second, time.Hour} {
		w.add(WaitSteps(), took)
	}
	last := len(WaitSteps())
	if w.Counts[0] != 2 || w.Counts[1] != 1 || w.Counts[last-1] != 1 || w.Counts[last] != 1 || !slices.IsSorted(WaitSteps()) {
		t.Errorf("%+v", w)
	}
	if other := w.clone(); &other.Counts[0] == &w.Counts[0] {
		t.Error("a copy shares what goes on to be counted")
	}
}

func TestElectionsAreCountedFromOneLeaderToAnother(t *testing.T) {
	m := NewMonitor(Cell{})
	for _, leader := range []int{1, Nobody, 1, 2, 2, Nobody, 0} {
		m.takeLeader(leader, leader != Nobody)
	}
	if s := m.Snapshot(); s.Elections != 2 || s.Leader != 0 {
		t.Errorf("%d elections, m%d leads, want 2 and m0", s.Elections, s.Leader)
	}
}
