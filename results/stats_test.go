package results

import (
	"math"
	"slices"
	"testing"
	"time"

	"lockquake/checker/history"
)

// turns of two clients and a third that never gets the lock, in ms:
//
//	p0: 0|--acquire--|10--hold--30|                40|-acquire-|70--hold--90|
//	p1: 5|-------acquire--------|34--hold--64|
//	p2:      20|-------------------- acquire, never returns
//	faults: none; stop at 100
func turns() *script {
	s := &script{header: history.Header{Strategy: "mutex", Fault: "none", TTL: time.Second}}
	s.hold("a", 0, 1, 1, 10*ms, 30*ms)
	s.hold("b", 1, 2, 5*ms, 34*ms, 64*ms)
	s.hold("c", 0, 3, 40*ms, 70*ms, 90*ms)
	s.wait(2, history.Unknown, 20*ms, 0)
	s.infos = append(s.infos, history.Event{Kind: history.Info, Op: history.Stop, Client: history.Nemesis, Process: history.Nemesis, At: 100 * ms})
	return s
}

func near(got, want time.Duration) bool { return (got - want).Abs() <= want/500+time.Microsecond }

func TestStatsOfKnownTurns(t *testing.T) {
	st := Measure(turns().build())
	if st.Acquired != 3 || st.Failed != 0 || st.Unknown != 1 || math.Abs(st.PerSecond-30) > 1e-5 {
		t.Errorf("acquired %d, failed %d, unknown %d, %v a second", st.Acquired, st.Failed, st.Unknown, st.PerSecond)
	}
	for _, c := range []struct {
		name      string
		got, want time.Duration
	}{
		{"acquire p50", st.Acquire.P50, 29 * ms}, // of 10, 29, 30
		{"acquire p99", st.Acquire.P99, 30 * ms},
		{"acquire max", st.Acquire.Max, 30 * ms},
		{"hold mean", st.Hold.Mean, 70 * ms / 3},
		{"handoff mean", st.Handoff.Mean, 5 * ms}, // 30 to 34, 64 to 70
		{"handoff max", st.Handoff.Max, 6 * ms},
		{"longest gap", st.LongestGap, 36 * ms}, // 34 to 70
		{"its begin", st.LongestGapAt, 34 * ms},
		{"longest wait", st.LongestWait, 80 * ms}, // p2, from 20 to the end
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
	want := []Grants{{0, 2}, {1, 1}, {2, 0}}
	if !slices.Equal(st.Grants, want) || math.Abs(st.Jain-9.0/15) > 1e-9 {
		t.Errorf("grants %v, Jain %v", st.Grants, st.Jain)
	}
}

// The twin: a warm-up that ends in the midst, a failure, and an outage at the end.
func TestStatsOfTurnsAfterTheWarmUp(t *testing.T) {
	s := turns()
	s.header.Warmup = 32 * ms
	s.wait(1, history.Fail, 70*ms, 80*ms)
	s.infos[0].At = 200 * ms
	st := Measure(s.build())
	if st.Acquired != 2 || st.Failed != 1 || st.Unknown != 1 || math.Abs(st.PerSecond-2/0.168) > 1e-5 {
		t.Errorf("acquired %d, failed %d, unknown %d, %v a second", st.Acquired, st.Failed, st.Unknown, st.PerSecond)
	}
	if st.LongestGap != 130*ms || st.LongestGapAt != 70*ms {
		t.Errorf("longest gap %v at %v, want 130ms at 70ms: from the last grant to the stop", st.LongestGap, st.LongestGapAt)
	}
	if st.Hold.Count != 2 {
		t.Errorf("%d holds ended after the warm-up, want 2", st.Hold.Count)
	}
}

func TestDetectionLagIsOfLosersThatWereTold(t *testing.T) {
	// p0: |10---------- hold, believes ----------|lost at 55
	// p1:               |30 acquired ...
	s := &script{}
	s.hold("a", 0, 1, 1, 10*ms, 0)
	s.hold("b", 1, 2, 5*ms, 30*ms, 80*ms)
	s.info(history.Lost, 0, 55*ms, "a")
	if st := Measure(s.build()); st.Detection.Count != 1 || !near(st.Detection.Max, 25*ms) || st.Handoff.Count != 0 {
		t.Errorf("detection %+v, handoff %+v", st.Detection, st.Handoff)
	}
	// The twin: told before the next owner came.
	s = &script{}
	s.hold("a", 0, 1, 1, 10*ms, 0)
	s.hold("b", 1, 2, 5*ms, 60*ms, 80*ms)
	s.info(history.Lost, 0, 55*ms, "a")
	if st := Measure(s.build()); st.Detection.Count != 0 {
		t.Errorf("detection %+v of a loss that came in time", st.Detection)
	}
}

func TestReleaseWhileAnotherHoldsIsNoHandoff(t *testing.T) {
	// p0: |10 ---------- 50|
	// p1:        |30 ---------- 80|
	s := &script{}
	s.hold("a", 0, 1, 1, 10*ms, 50*ms)
	s.hold("b", 1, 2, 5*ms, 30*ms, 80*ms)
	if st := Measure(s.build()); st.Handoff.Count != 0 || st.Detection.Count != 0 {
		t.Errorf("handoff %+v, detection %+v", st.Handoff, st.Detection)
	}
}

func TestStatsOfNothing(t *testing.T) {
	st := Measure(history.History{})
	if st.Acquired != 0 || st.Jain != 0 || st.PerSecond != 0 || st.Acquire.Count != 0 || len(st.Waiters) != waiterParts {
		t.Errorf("stats %+v", st)
	}
}

func TestLatencyCurveEndsWithTheSlowest(t *testing.T) {
	h := newHistogram()
	for i := range 1000 {
		h.record(time.Duration(i+1) * ms)
	}
	l := h.latency()
	last := l.Curve[len(l.Curve)-1]
	if last.OneIn != 1000 || last.At != time.Second || !near(l.P90, 900*ms) || !near(l.P99, 990*ms) {
		t.Errorf("curve ends with %+v; p90 %v, p99 %v", last, l.P90, l.P99)
	}
	h.record(5 * time.Hour)
	if l := h.latency(); l.Max != time.Hour {
		t.Errorf("max %v, want what the histogram can hold", l.Max)
	}
}

func TestStatsBeginWithTheFirstAcquire(t *testing.T) {
	s := &script{}
	s.hold("a", 0, 1, time.Second, time.Second+10*ms, time.Second+20*ms)
	s.infos = append(s.infos, history.Event{Kind: history.Info, Op: history.Stop, At: time.Second + 100*ms})
	if st := Measure(s.build()); math.Abs(st.PerSecond-10) > 1e-9 || st.LongestGap != 90*ms {
		t.Errorf("%v a second, longest gap %v", st.PerSecond, st.LongestGap)
	}
}

func TestJain(t *testing.T) {
	for _, c := range []struct {
		counts []int
		want   float64
	}{{[]int{5, 5, 5}, 1}, {[]int{9, 0, 0}, 1.0 / 3}, {[]int{0, 0}, 0}, {nil, 0}} {
		var grants []Grants
		for i, n := range c.counts {
			grants = append(grants, Grants{int32(i), n})
		}
		if got := jain(grants); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("jain of %v is %v, want %v", c.counts, got, c.want)
		}
	}
}

// Who was served only after the end got nothing, and that is unfair.
func TestClientServedTooLateCountsForFairness(t *testing.T) {
	s := turns()
	s.wait(3, history.OK, 50*ms, 120*ms)
	st := Measure(s.build())
	if want := []Grants{{0, 2}, {1, 1}, {2, 0}, {3, 0}}; !slices.Equal(st.Grants, want) || math.Abs(st.Jain-9.0/20) > 1e-9 {
		t.Errorf("grants %v, Jain %v", st.Grants, st.Jain)
	}
}
