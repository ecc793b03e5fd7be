package harness

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"lockquake/checker/history"
	"lockquake/harness/nemesis"
)

// led is members whose leader is m1.
type led struct{ nemesis.Members }

func (led) Names() []string                                  { return []string{"m0", "m1", "m2"} }
func (led) Believes(int) (leader int, term uint64, run bool) { return 1, 2, true }

// A cell that is looked at once a second tells what its history tells later.
func TestRunningCellIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := &fakeFault{evidence: nemesis.Evidence{Observed: true}}
		cell := Draw(7, trials(settings(), single("fake", fault, "", ""))).Cells[0]
		m := NewMonitor(cell)
		if s := m.Snapshot(); s.Phase != Starting || s.Leader != Nobody || s.Estimate != cell.Estimate() {
			t.Errorf("before it began: %+v", s)
		}
		phases, struck := map[Phase]bool{}, false
		looking := make(chan struct{})
		go func() {
			defer close(looking)
			for s := m.Snapshot(); s.Phase != Judging; s = m.Snapshot() {
				phases[s.Phase] = true
				struck = struck || len(s.Faults) == 1 && s.Faults[0].Fault == "fake" && s.Faults[0].Target == "nobody"
				if s.Phase == Shaking && (s.Leader != 1 || len(s.Believers) != 1 && s.Waiting == 0) {
					t.Errorf("while it runs: %+v", s)
				}
				time.Sleep(50 * time.Millisecond)
			}
		}()
		h, err := play(t.Context(), t, &fakeCluster{Members: led{}}, cell, Parts{
			Strategy: newFakeLock().strategy, Workload: register(), Faults: map[string]nemesis.Fault{"fake": fault}, Monitor: m,
		})
		if err != nil {
			t.Fatal(err)
		}
		s := m.Snapshot()
		m.Enter(Judging)
		<-looking
		if s.Phase != LastReads || int(s.Grants) != len(h.Holds()) || int(s.Injections) != fault.injected || s.Injections != s.Healed {
			t.Errorf("at the end %+v, and the history has %d holds", s, len(h.Holds()))
		}
		if len(s.Believers)+len(s.Faults)+s.Waiting > 0 || s.OldestWait != 0 {
			t.Errorf("at the end something goes on: %+v", s)
		}
		if !phases[WarmingUp] || !phases[Shaking] || !struck {
			t.Errorf("phases %v, the fault was seen: %v", phases, struck)
		}
	})
}

// c0: |acquire ok ---- lost   |acquire ok ------- crash
// c1:    |acquire ............................................ (due at 2 ms)
// c2:       |acquire fails  |acquire unknown   (and one nested in c0's hold)
func TestMonitorCountsAndForgets(t *testing.T) {
	m := NewMonitor(Cell{})
	at := func(ms int, e history.Event) history.Event { e.At = time.Duration(ms) * time.Millisecond; return e }
	acquire := func(kind history.Kind, client int32, id history.OpID, outcome history.Outcome) history.Event {
		return history.Event{Op: history.Acquire, Kind: kind, Client: client, ID: id, Hold: id, Outcome: outcome, Key: "k0"}
	}
	due := acquire(history.Invoke, 1, 3, 0)
	due.Value = int64(2 * time.Millisecond)
	nested := acquire(history.Invoke, 0, 9, 0)
	nested.Mode = history.Nested
	m.observe([]history.Event{
		at(1, acquire(history.Invoke, 0, 1, 0)), at(2, acquire(history.Return, 0, 1, history.OK)), at(3, due),
		at(4, acquire(history.Invoke, 2, 4, 0)), at(5, acquire(history.Return, 2, 4, history.Fail)),
		at(6, history.Event{Op: history.Lost, Client: 0, Hold: 1}), at(7, acquire(history.Invoke, 2, 7, 0)), at(8, acquire(history.Return, 2, 7, history.Unknown)),
		at(8, acquire(history.Invoke, 0, 8, 0)), at(9, acquire(history.Return, 0, 8, history.OK)),
		at(9, nested), at(9, acquire(history.Return, 0, 9, history.OK)),
	}, 10*time.Millisecond)
	s := m.Snapshot()
	if got, want := fmt.Sprint(s.Grants, s.Refused, s.Unanswered, s.Lost, s.Waiting, s.OldestWait, s.Believers), "2 1 1 1 1 8ms [{0 k0 false 9ms}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if s.Waits.Counts[0] != 2 || s.Waits.Total != 2*time.Millisecond {
		t.Errorf("two waits of a millisecond are %+v", s.Waits)
	}
	m.observe([]history.Event{{Op: history.Crash, Client: 0, Hold: 8}, {Op: history.Crash, Client: 1}}, 11*time.Millisecond)
	if s := m.Snapshot(); len(s.Believers)+s.Waiting > 0 {
		t.Errorf("crashed clients still are about something: %+v", s)
	}
}

func TestContestedKeys(t *testing.T) {
	alone := func(client int) Belief { return Belief{Client: client, Key: "k0"} }
	shared := func(client int) Belief { return Belief{Client: client, Key: "k0", Shared: true} }
	for what, c := range map[string]struct {
		believers []Belief
		permits   int
		contested bool
	}{
		"one":                     {[]Belief{alone(0)}, 1, false},
		"two":                     {[]Belief{alone(0), alone(1)}, 1, true},
		"two of two keys":         {[]Belief{alone(0), {Client: 1, Key: "k1"}}, 1, false},
		"as many as permits":      {[]Belief{alone(0), alone(1)}, 2, false},
		"readers":                 {[]Belief{shared(0), shared(1)}, 1, false},
		"a writer beside readers": {[]Belief{shared(0), alone(1)}, 1, true},
	} {
		if got := contested(c.believers, c.permits); (len(got) > 0) != c.contested {
			t.Errorf("%s: contested are %q", what, got)
		}
	}
}

// What the writing goroutine pays for a monitor, for each event: encoding one takes some 400 ns.
func BenchmarkMonitor(b *testing.B) {
	m := NewMonitor(Cell{})
	round := []history.Event{
		{Op: history.Acquire, Kind: history.Invoke, Client: 1}, {Op: history.Acquire, Kind: history.Return, Client: 1, Outcome: history.OK},
		{Op: history.Read, Kind: history.Invoke}, {Op: history.Read, Kind: history.Return},
		{Op: history.Write, Kind: history.Invoke}, {Op: history.Write, Kind: history.Return},
		{Op: history.Release, Kind: history.Invoke}, {Op: history.Release, Kind: history.Return},
	}
	for i := 0; b.Loop(); i += len(round) {
		for j := range round {
			round[j].ID, round[j].Hold = history.OpID(i), history.OpID(i)
		}
		m.observe(round, 0)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N*len(round)), "ns/event")
}
