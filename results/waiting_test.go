package results

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"

	"lockquake/checker/history"
)

func TestOldestWaiterIsASawtoothWithHoles(t *testing.T) {
	// p0: 10|----|20          50|----|60
	// p1:   12|------|30
	s := &script{}
	s.wait(0, history.OK, 10*ms, 20*ms)
	s.wait(1, history.Unknown, 12*ms, 30*ms)
	s.wait(0, history.OK, 50*ms, 60*ms)
	h := s.build()
	got := slices.Collect(oldestWaiter(waitSteps(&h), h.Last()))
	want := []tooth{
		{span{10 * ms, 20 * ms}, 10 * ms},
		{span{20 * ms, 30 * ms}, 12 * ms}, // p1 is the oldest now, and nobody waits from 30 to 50
		{span{50 * ms, 60 * ms}, 50 * ms},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOldestWaiterThatNeverReturnsWaitsToTheEnd(t *testing.T) {
	s := &script{}
	s.wait(0, history.Unknown, 10*ms, 0)
	s.wait(1, history.OK, 20*ms, 90*ms)
	h := s.build()
	got := slices.Collect(oldestWaiter(waitSteps(&h), h.Last()))
	if want := []tooth{{span{10 * ms, 90 * ms}, 10 * ms}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWaitersAreMeansOverTime(t *testing.T) {
	// p0: 0|--------------|40    p1:    20|-------|40    then nobody, to 80
	s := &script{}
	s.wait(0, history.OK, 1, 40*ms)
	s.wait(1, history.OK, 20*ms, 40*ms)
	s.infos = append(s.infos, history.Event{Kind: history.Info, Op: history.End, At: 80 * ms})
	h := s.build()
	for i, want := range []float64{1, 2, 0, 0} {
		if got := waiters(waitSteps(&h), h.Last(), 4)[i]; math.Abs(got-want) > 1e-3 {
			t.Errorf("part %d: %v waiters, want %v", i, got, want)
		}
	}
}

func TestOverlapsAreByKeyAndOrder(t *testing.T) {
	// p0: |10 -------------- 50|         p2: |50 --- 70|  begins when p0 and p1 have ended
	// p1:     |20 --- 30|
	// p3 holds another key all the time
	s := &script{}
	s.hold("a", 0, 1, 1, 10*ms, 50*ms)
	s.hold("b", 1, 2, 2*ms, 20*ms, 30*ms)
	s.hold("c", 2, 3, 3*ms, 51*ms, 70*ms)
	s.hold("other", 3, 4, 4*ms, 5*ms, 75*ms)
	for i := len(s.calls) - 2; i < len(s.calls); i++ {
		s.calls[i].Key = "other"
	}
	h := s.build()
	got := newScene(&h).overlaps
	if len(got) != 1 || got[0].span != (span{20 * ms, 30 * ms}) || len(got[0].holds) != 2 || got[0].key != "k" {
		t.Errorf("overlaps %+v", got)
	}
	s.calls[1].called = 20*ms - time.Microsecond // the twin: p0 releases just before p1 acquires
	h = s.build()
	if got := newScene(&h).overlaps; len(got) != 0 {
		t.Errorf("overlaps %+v of holds one after the other", got)
	}
}

func TestMarkedWrites(t *testing.T) {
	base := func(last history.Outcome, token, prev int64) writes {
		s := &script{}
		s.write("", 0, 1, 100, 0, 1, history.OK, 10*ms)
		s.write("", 1, 2, 101, 100, 2, history.OK, 20*ms)
		s.write("", 0, token, 102, prev, 3, last, 30*ms)
		h := s.build()
		return markedWrites(&h, nil)
	}
	for _, c := range []struct {
		name           string
		w              writes
		stale, refused int
	}{
		{"newer token over the last value", base(history.OK, 3, 101), 0, 0},
		{"older token", base(history.OK, 1, 101), 1, 0},
		{"value that was replaced", base(history.OK, 3, 100), 1, 0},
		{"value of an unknown write", base(history.OK, 3, 77), 0, 0},
		{"refused", base(history.Fail, 1, 100), 0, 1},
		{"outcome not known", base(history.Unknown, 1, 100), 0, 0},
	} {
		if len(c.w.stale) != c.stale || len(c.w.refused) != c.refused {
			t.Errorf("%s: %d stale, %d refused; want %d, %d", c.name, len(c.w.stale), len(c.w.refused), c.stale, c.refused)
		}
	}
}

func TestReadUnderANewerTokenMakesAWriteStale(t *testing.T) {
	s := &script{}
	s.write("", 0, 1, 100, 0, 1, history.OK, 10*ms)
	read := call{Event: history.Event{Op: history.Read, Outcome: history.OK, Process: 1, Client: 1, Key: "k", Token: 2, Value: 100, Pos: 1}}
	read.called, read.returned = 20*ms, 21*ms
	s.add(read)
	s.write("", 0, 1, 101, 100, 2, history.OK, 30*ms)
	h := s.build()
	if w := markedWrites(&h, nil); len(w.stale) != 1 || w.stale[0].Value != 101 {
		t.Errorf("stale %+v", w.stale)
	}
}

func TestThinningKeepsExtremes(t *testing.T) {
	var points []point
	for i := range 200_000 {
		points = append(points, point{float64(i%660) + float64(i)/1e6, 100 + float64(i%50)})
	}
	points = append(points, point{330, 300}, point{331, 1})
	kept := thinned(slices.Values(points), func(p point) vg.Point { return vg.Point{X: vg.Length(p.x), Y: vg.Length(p.y)} })
	for _, want := range []vg.Point{{X: 330, Y: 300}, {X: 331, Y: 1}} {
		if !slices.Contains(kept, want) {
			t.Errorf("%v is not drawn", want)
		}
	}
	if len(kept) > mostDots || len(kept) < mostDots/4 {
		t.Errorf("%d dots of %d", len(kept), len(points))
	}
}

func TestEnvelopeKeepsPeaksAndGaps(t *testing.T) {
	var e envelope
	for i := range 100_000 {
		y := vg.Length(10 + i%3)
		if i == 50_000 {
			y = 99
		}
		e.to(vg.Point{X: vg.Length(i) / 1000, Y: y})
	}
	e.lift()
	e.to(vg.Point{X: 200, Y: 5})
	e.lift()
	strokes, points, peak := 0, 0, vg.Length(0)
	var pen vg.Point
	for _, path := range e.paths {
		if path[0].Pos != pen {
			strokes++
		}
		for _, c := range path {
			pen, peak = c.Pos, max(peak, c.Pos.Y)
		}
		points += len(path)
	}
	if strokes != 2 || peak != 99 || points > 600 {
		t.Errorf("%d strokes, peak %v, %d points", strokes, peak, points)
	}
}

func TestTicksAreRound(t *testing.T) {
	of := func(lo, hi float64) []string {
		var all []string
		for _, tick := range (secondTicks{}).Ticks(lo, hi) {
			all = append(all, tick.Label)
		}
		return all
	}
	if got, want := of(-0.0001, 1), []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}; !slices.Equal(got, want) {
		t.Errorf("ticks %v, want %v", got, want)
	}
	if got, want := of(1.8, 4.5), []string{"2.0", "2.5", "3.0", "3.5", "4.0", "4.5"}; !slices.Equal(got, want) {
		t.Errorf("ticks %v, want %v", got, want)
	}
	for n, want := range map[int]string{1: "90%", 2: "99%", 3: "99.9%", 5: "99.999%"} {
		if got := nines(n); got != want {
			t.Errorf("%d nines: %s, want %s", n, got, want)
		}
	}
}
