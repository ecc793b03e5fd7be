package harness

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"lockquake/checker/history"
	"lockquake/harness/nemesis"
	"lockquake/results"
)

// Phase is how far a cell has come.
type Phase string

// Phases, in their order.
const (
	Starting  Phase = "starting" // the cluster
	Opening   Phase = "opening"  // clients and their locks
	WarmingUp Phase = "warm-up"  // clients fight, no faults yet
	Shaking   Phase = "faults"   // they come and go; in a calm cell there are none
	Settling  Phase = "settling" // no new rounds: who waits still may
	LastReads Phase = "last reads"
	Judging   Phase = "judging" // Run is over; whoever judges says so
)

// Monitor follows a cell while it runs, for those who want to see it. It is safe for concurrent use, and a nil one
// follows nothing. What follows the cell looks at no clock but the recorder's: whoever looks may live in another time
// than the cell.
type Monitor struct {
	cell    results.CellName
	due     time.Duration
	permits int
	began   time.Time       // by the clock of those who look
	steps   []time.Duration // of waits
	led     int             // the last one that led for sure

	mu      sync.Mutex
	now     Snapshot                       // but for its lists
	shown   *Snapshot                      // the whole of it, by another monitor; nil: this one follows the cell
	waiting map[history.OpID]waiter        // by acquire
	holding map[history.OpID]Belief        // by acquire
	faults  map[history.OpID]FaultUnderway // by injection
}

// waiter is an acquire that has no answer yet.
type waiter struct {
	client int32
	shared bool
	since  time.Duration
}

// NewMonitor is one for a cell that is about to run.
func NewMonitor(cell Cell) *Monitor {
	return &Monitor{
		cell: cell.Name(), due: cell.Estimate(), permits: max(1, cell.Permits), began: time.Now(), steps: WaitSteps(), led: Nobody,
		now:     Snapshot{Phase: Starting, Leader: Nobody, Waits: newWaits()},
		waiting: map[history.OpID]waiter{}, holding: map[history.OpID]Belief{}, faults: map[history.OpID]FaultUnderway{},
	}
}

// Snapshot is a cell at a moment.
type Snapshot struct {
	Cell     results.CellName
	Phase    Phase
	Estimate time.Duration // about how long the cell takes in all, in its own time
	Elapsed  time.Duration // since NewMonitor, in the time of those who look

	At     time.Duration // since the history's start, until when events are in this: at most 0.1 s ago, in the cell's own time
	Leader int           // the member that leads for sure; Nobody: none does, or it is not known yet

	// Counted from the start, each until At.

	Grants     int64 // acquires that got the lock; no nested ones
	Refused    int64 // acquires that surely did not get it
	Unanswered int64 // acquires whose end nobody knows
	Lost       int64 // holds whose loss their client has noticed
	Injections int64 // faults that struck
	Healed     int64 // of those, undone
	Elections  int64 // changes from one sure leader to another, of those that were seen: members are asked four times a second

	Waits Waits // of Grants

	Waiting    int           // acquires that have no answer yet
	OldestWait time.Duration // how long the oldest of them has waited since it was due, or invoked; 0: nobody waits

	Believers []Belief        // clients that believe they hold a lock, the longest first
	Contested []string        // keys that more of them believe to hold than may
	Faults    []FaultUnderway // the oldest first
}

// Nobody is the Leader of a cluster that has none for sure.
const Nobody = -1

// Belief is a client's, that it holds the lock of a key.
type Belief struct {
	Client int
	Key    string
	Shared bool          // beside others that share it
	Since  time.Duration // the history's start
}

// FaultUnderway is an injection that is not healed yet.
type FaultUnderway struct {
	Fault  string
	Target string        // whom it struck, in words; empty: it has not struck yet
	Since  time.Duration // the history's start
}

// Enter notes how far the cell has come.
func (m *Monitor) Enter(p Phase) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Phase = p
}

// Snapshot is the cell as it stands. The caller owns it.
func (m *Monitor) Snapshot() Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shown != nil {
		return m.asShown()
	}
	s := m.now
	s.Waits = m.now.Waits.clone()
	s.Cell, s.Estimate, s.Elapsed = m.cell, m.due, time.Since(m.began)
	s.Waiting = len(m.waiting)
	for _, w := range m.waiting {
		s.OldestWait = max(s.OldestWait, s.At-w.since)
	}
	for _, b := range m.holding {
		s.Believers = append(s.Believers, b)
	}
	for _, f := range m.faults {
		s.Faults = append(s.Faults, f)
	}
	slices.SortFunc(s.Believers, func(a, b Belief) int { return cmp.Compare(a.Since, b.Since) })
	s.Contested = contested(s.Believers, m.permits)
	slices.SortFunc(s.Faults, func(a, b FaultUnderway) int { return cmp.Compare(a.Since, b.Since) })
	return s
}

// Show takes over what another monitor saw, of a cell that another process carries out.
func (m *Monitor) Show(s Snapshot) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shown = &s
	m.now.Phase = s.Phase
}

// asShown is as old as what was shown, but for the clock of those who look, and for a phase that was entered here.
func (m *Monitor) asShown() Snapshot {
	s := *m.shown
	s.Phase, s.Elapsed = m.now.Phase, time.Since(m.began)
	s.Believers, s.Contested, s.Faults = slices.Clone(s.Believers), slices.Clone(s.Contested), slices.Clone(s.Faults)
	s.Waits = s.Waits.clone()
	return s
}

// contested are the keys that more believe to hold than may: as many as there are permits, or any number that share it.
func contested(believers []Belief, permits int) (keys []string) {
	alone, shared := map[string]int{}, map[string]int{}
	for _, b := range believers {
		if b.Shared {
			shared[b.Key]++
		} else {
			alone[b.Key]++
		}
	}
	for key, n := range alone {
		if n > permits || shared[key] > 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (m *Monitor) observers() []history.Observer {
	if m == nil {
		return nil
	}
	return []history.Observer{m.observe}
}

// observe takes in what the recorder has.
func (m *Monitor) observe(events []history.Event, now time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range events {
		m.take(&events[i])
	}
	m.now.At = now
}

func (m *Monitor) take(e *history.Event) {
	switch e.Op {
	case history.Acquire:
		m.takeAcquire(e)
	case history.Release:
		delete(m.holding, e.Hold) // its invoke ends the belief
	case history.Lost:
		delete(m.holding, e.Hold)
		m.now.Lost++
	case history.Crash:
		m.forget(e.Client)
	case history.Inject:
		m.takeInjection(e)
	case history.Heal:
		if e.Kind == history.Return {
			delete(m.faults, e.Hold)
			m.now.Healed++
		}
	}
}

func (m *Monitor) takeAcquire(e *history.Event) {
	switch {
	case e.Mode == history.Nested: // within a hold that is known
	case e.Kind == history.Invoke:
		due := e.At
		if e.Value > 0 {
			due = time.Duration(e.Value)
		}
		m.waiting[e.ID] = waiter{e.Client, e.Mode == history.Shared, due}
	default:
		m.answer(e)
	}
}

func (m *Monitor) answer(e *history.Event) {
	w, waits := m.waiting[e.ID]
	if !waits {
		return // it was nested: a return does not say so
	}
	delete(m.waiting, e.ID)
	switch e.Outcome {
	case history.OK:
		m.now.Grants++
		m.now.Waits.add(m.steps, e.At-w.since)
		m.holding[e.ID] = Belief{Client: int(e.Client), Key: e.Key, Shared: w.shared, Since: e.At}
	case history.Fail:
		m.now.Refused++
	default:
		m.now.Unanswered++
	}
}

// forget is the end of all that a client was about when it crashed.
func (m *Monitor) forget(client int32) {
	for id, w := range m.waiting {
		if w.client == client {
			delete(m.waiting, id)
		}
	}
	for id, b := range m.holding {
		if b.Client == int(client) {
			delete(m.holding, id)
		}
	}
}

func (m *Monitor) takeInjection(e *history.Event) {
	switch {
	case e.Kind == history.Invoke:
		m.faults[e.ID] = FaultUnderway{Fault: e.Fault, Since: e.At}
	case e.Outcome == history.OK:
		m.faults[e.ID] = FaultUnderway{Fault: e.Fault, Target: e.Note, Since: e.At}
		m.now.Injections++
	default:
		delete(m.faults, e.ID)
	}
}

// takeLeader takes in who leads, if that is sure.
func (m *Monitor) takeLeader(leader int, sure bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !sure {
		m.now.Leader = Nobody
		return
	}
	if m.led != Nobody && m.led != leader {
		m.now.Elections++
	}
	m.now.Leader, m.led = leader, leader
}

// leadershipSeen is how often a followed cell's members are asked who leads.
const leadershipSeen = 250 * time.Millisecond

// followLeader asks the members who leads, over and over, until the func that it returns is called.
func (m *Monitor) followLeader(members nemesis.Members) (stop func()) {
	if m == nil {
		return func() {}
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(leadershipSeen)
		defer tick.Stop()
		for {
			m.takeLeader(nemesis.LeaderOf(members))
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(ended); <-done }
}
