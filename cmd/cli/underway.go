package cli

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"lockquake/harness"
	"lockquake/harness/scenario"
)

// underway is what of a run is being carried out, for whoever looks at it meanwhile. It is safe for concurrent use.
type underway struct {
	total, parallel int

	mu           sync.Mutex
	begun        int
	ahead        time.Duration // what cells should take that have not begun
	took, should time.Duration // what those took that are done, and should have
	done         int
	sights       []*sight // of those that are running, in the order in which they began
	past         []harness.Snapshot
	came         map[string]int // how many cells came out in which way
}

// sight is a running cell as it was looked at until now.
type sight struct {
	n       int // it is the how manieth that has begun
	cell    harness.Cell
	monitor *harness.Monitor

	counted int64   // grants, by the last look
	pulse   []int64 // grants between one look and the next
}

// pulses is how many are kept: more than a line has room for.
const pulses = 60

func newUnderway(cells []harness.Cell, parallel int) *underway {
	return &underway{total: len(cells), parallel: parallel, ahead: harness.Plan{Cells: cells}.Estimate(), came: map[string]int{}}
}

// begin is told of a cell that begins, and gives what follows it.
func (u *underway) begin(cell harness.Cell) *harness.Monitor {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.begun++
	s := &sight{n: u.begun, cell: cell, monitor: harness.NewMonitor(cell)}
	u.ahead -= cell.Estimate()
	u.sights = append(u.sights, s)
	return s.monitor
}

// end is told that a cell is done.
func (u *underway) end(m *harness.Monitor) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := m.Snapshot()
	u.done++
	u.took, u.should = u.took+now.Elapsed, u.should+now.Estimate
	u.sights = slices.DeleteFunc(u.sights, func(s *sight) bool { return s.monitor == m })
	now.Believers, now.Contested, now.Faults = nil, nil, nil
	u.past = append(u.past, now)
}

// judged is told how a cell came out.
func (u *underway) judged(o outcome) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.came[strings.ToLower(o.word())]++
}

// outcomes are how many cells came out in which way until now.
func (u *underway) outcomes() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.came)
}

// snapshots are of cells that are done, as they ended, and of those that are running.
func (u *underway) snapshots() (past, now []harness.Snapshot) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, s := range u.sights {
		now = append(now, s.monitor.Snapshot())
	}
	return slices.Clone(u.past), now
}

// glimpse is a running cell at a moment.
type glimpse struct {
	harness.Snapshot
	n       int
	keys    int
	calm    bool
	virtual bool // its time is its own
	pulse   []int64
}

// passed is how much of the time that it should take a cell has behind it.
func (g glimpse) passed() time.Duration {
	if g.virtual {
		return min(g.At, g.Estimate)
	}
	return min(g.Elapsed, g.Estimate)
}

// look takes a glimpse of all that is running, and says about how long the rest of the run takes.
func (u *underway) look() (running []glimpse, done int, left time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	left = u.ahead
	took, should := u.took, u.should
	for _, s := range u.sights {
		now := s.monitor.Snapshot()
		s.pulse = append(s.pulse, now.Grants-s.counted)
		s.pulse = s.pulse[max(0, len(s.pulse)-pulses):]
		s.counted = now.Grants
		g := glimpse{now, s.n, len(s.cell.KeyNames), len(s.cell.Schedules) == 0, s.cell.Cluster == scenario.Virtual, slices.Clone(s.pulse)}
		left += g.Estimate - g.passed()
		took, should = took+g.Elapsed, should+g.passed()
		running = append(running, g)
	}
	if should > 0 { // as fast as until now
		left = time.Duration(float64(left) * float64(took) / float64(should))
	}
	return running, u.done, left / time.Duration(max(1, min(u.parallel, u.total-u.done)))
}
