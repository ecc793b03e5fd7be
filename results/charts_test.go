package results

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lockquake/checker/history"
)

// An outage is a gap, and what was slowest is there exactly, however coarse a chart is.
//
//	p0: 0|-10-|    ten acquires of 1 ms to 10 ms each, one after the other, then none until
//	p1:                                             900|--- 100 ---|1000
func TestAcquiresOverTime(t *testing.T) {
	s := &script{}
	at := time.Duration(1)
	for i := range 10 {
		took := time.Duration(i+1) * ms
		s.wait(0, history.OK, at, at+took)
		at += took
	}
	s.wait(1, history.OK, 900*ms, 1000*ms)
	s.wait(2, history.Fail, 200*ms, 230*ms)
	h := s.build()
	over := newScene(&h).charts(nil).OverTime
	if len(over) != 3 || over[0].Parts != 960 || len(over[0].Oldest) != 960 || len(over[0].Acquired) != 11 {
		t.Fatalf("%d grains, the finest with %d acquires", len(over), len(over[0].Acquired))
	}
	coarse := over[2] // parts of 16.7 ms
	want := [][]int64{{0, 5, 1000, 3000, 5000, 5000}, {1, 2, 6000, 6000, 7000, 7000}, {2, 2, 8000, 8000, 9000, 9000}, {3, 10000}, {59, 100000}}
	if !reflect.DeepEqual(coarse.Acquired, want) {
		t.Errorf("acquired %v, want %v", coarse.Acquired, want)
	}
	if !reflect.DeepEqual(coarse.Failed, [][]int64{{13, 1, 30000}}) {
		t.Errorf("failed %v", coarse.Failed)
	}
	for part, oldest := range coarse.Oldest {
		waited := part <= 3 || part >= 12 && part <= 13 || part >= 54 // to 55 ms, from 200 ms to 230 ms, from 900 ms on
		if waited != (oldest >= 0) {
			t.Errorf("part %d: the oldest waiter has waited %d µs; somebody waits: %t", part, oldest, waited)
		}
	}
	if coarse.Oldest[59] != 100000 || slices.Max(over[0].Oldest) != 100000 {
		t.Errorf("the oldest waiter has waited %d µs in the end, want 100000", coarse.Oldest[59])
	}
}

func TestChartsOfNothing(t *testing.T) {
	h := history.History{Header: history.Header{Strategy: "mutex"}}
	s := newScene(&h)
	if c := s.charts(s.holderCharts(nil)); !c.sound() || len(c.OverTime[0].Acquired) != 0 || c.Keys != nil {
		t.Errorf("%+v", c)
	}
}

func TestWaitersOfKeys(t *testing.T) {
	// a: 0|-------------|60       b:      30|------|60        then nobody, to 120
	s := &script{}
	s.wait(0, history.OK, 1, 60*ms)
	s.wait(1, history.OK, 30*ms, 60*ms)
	s.calls[1].Key = "b"
	s.infos = append(s.infos, history.Event{Kind: history.Info, Op: history.End, At: 120 * ms})
	h := s.build()
	keys := newScene(&h).keyWaiters()
	if len(keys) != 2 || keys[0].Key != "b" || keys[1].Key != "k" {
		t.Fatalf("%+v", keys)
	}
	for place, want := range map[int][2]float64{10: {0, 1}, 40: {1, 1}, 80: {0, 0}} {
		if got := [2]float64{keys[0].Waiters[place], keys[1].Waiters[place]}; got != want {
			t.Errorf("at %d ms %v wait for b and k, want %v", place, got, want)
		}
	}
}

func TestHolderChartShowsWhatThePictureDoes(t *testing.T) {
	h := paused(false)
	s := newScene(&h)
	chart := s.holderCharts(judged(h).Verdicts)[0]
	row := slices.Index(chart.Clients, 3)
	if row < 0 || len(chart.Faults) != 1 || len(chart.Stale) == 0 || len(chart.Lost) != 1 || chart.Stale[0][0] != row {
		t.Fatalf("%d faults, %d stale writes, %d lost", len(chart.Faults), len(chart.Stale), len(chart.Lost))
	}
	if !slices.ContainsFunc(chart.TooMany, func(s stretch) bool { return s[0] == row }) {
		t.Error("the client that slept is not red")
	}
	calm := calm("mutex", 5, 500*ms)
	if chart := newScene(&calm).holderCharts(nil)[0]; len(chart.TooMany) > 0 || len(chart.Faults) > 0 || len(chart.Holds) == 0 {
		t.Errorf("a calm cell has %d red stretches, %d faults, %d holds", len(chart.TooMany), len(chart.Faults), len(chart.Holds))
	}
}

// However much happens, a chart has no more than its limits, and no stretch is lost: those that are near are one.
func TestHolderChartIsBounded(t *testing.T) {
	h := grantsEverybody(40, 1500*ms)
	s := newScene(&h)
	chart := s.holderChart(window{span: span{0, s.last}}, "")
	if len(chart.Clients) != mostRows || chart.Left != 40-mostRows {
		t.Errorf("%d rows, %d left out", len(chart.Clients), chart.Left)
	}
	for name, bars := range map[string][]stretch{"waits": chart.Waits, "holds": chart.Holds, "red": chart.TooMany} {
		if len(bars) > mostStretches || len(bars) < mostRows {
			t.Errorf("%s: %d bars", name, len(bars))
		}
		for i, b := range bars {
			if b[1] < 0 || b[2] > chartWidth || b[1] >= b[2] || i > 0 && bars[i-1][0] == b[0] && bars[i-1][2] >= b[1] {
				t.Errorf("%s: bar %v after %v", name, b, bars[max(i-1, 0)])
			}
		}
	}
	if d := chart.draw(); len(d.Bars[0].Path) > 8000 || !strings.Contains(d.Alt, "two hold it at once, among 24 clients") {
		t.Errorf("a path of %d bytes, told as %s", len(d.Bars[0].Path), d.Alt)
	}
}

func TestBarsAreDrawnWhereTheyAre(t *testing.T) {
	// row 0: ####....####    row 1: ........####
	c := holderChart{To: time.Second, Clients: []int32{4, 7}, Holds: []stretch{{0, 0, 500}, {0, 1000, 1500}, {1, 1000, 2000}}}
	d := c.draw()
	const want = "M44 23h227m226 0h227M497 55h453" // the plot is from 44 to 950
	if d.Bars[0].Path != want {
		t.Errorf("bars are %s, want %s", d.Bars[0].Path, want)
	}
	if d.Rows[1].Text != "c7" || !strings.HasPrefix(d.Alt, "Timeline of 2 clients from 0.000 s to 1.000 s; never two hold it at once") {
		t.Errorf("rows %v; %s", d.Rows, d.Alt)
	}
}

func TestRoughNumbersHaveThreeDigits(t *testing.T) {
	for n, want := range map[rough]string{-1: "-1", 0: "0", 7: "7", 999: "999", 1000: "1e3", 1234: "123e1", 9995: "1e4", 2129750: "213e4", 480275: "48e4"} {
		got, err := json.Marshal(n)
		var back float64
		if err != nil || string(got) != want || json.Unmarshal(got, &back) != nil || back < float64(n)*0.995-1 || back > float64(n)*1.005+1 {
			t.Errorf("%d is written as %s, want %s", n, got, want)
		}
	}
}

func TestGapOfAFaultIsWhatItFellInto(t *testing.T) {
	// grants: 10   30                     90    100    stop at 200
	// faults:  |12-20|      |50-60|                |-- 150 to the end
	s := &script{header: history.Header{TTL: time.Second}}
	for i, at := range []time.Duration{10 * ms, 30 * ms, 90 * ms, 100 * ms} {
		s.hold(fmt.Sprint(i), 0, int64(i+1), at-5*ms, at, at+ms)
	}
	s.fault("a", "x", "seen", 12*ms, 20*ms)
	s.fault("b", "x", "seen", 50*ms, 60*ms)
	s.fault("c", "x", "seen", 150*ms, 199*ms)
	s.infos = append(s.infos, history.Event{Kind: history.Info, Op: history.Stop, Client: history.Nemesis, Process: history.Nemesis, At: 200 * ms})
	h := s.build()
	var got []time.Duration
	for _, f := range newScene(&h).struck() {
		got = append(got, f.LongestGap)
	}
	if want := []time.Duration{20 * ms, 60 * ms, 100 * ms}; !slices.Equal(got, want) {
		t.Errorf("nobody was granted the lock for %v, want %v", got, want)
	}
}

func TestBinsCountAllThatWasRecorded(t *testing.T) {
	h := newHistogram()
	for _, d := range []time.Duration{ms, ms + ms/10, 1300 * time.Microsecond, 20 * ms, time.Hour} {
		h.record(d)
	}
	var counts []int64
	var total int64
	for _, b := range h.latency().Bins {
		counts = append(counts, b.Count)
		total += b.Count
	}
	if total != 5 || !slices.Equal(counts, []int64{2, 1, 1, 1}) {
		t.Errorf("bins of %v", counts)
	}
}
