package results

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lockquake/checker/history"
)

// as makes the acquire of that name, and its release, of a mode.
func (s *script) as(m history.Mode, names ...string) {
	for i := range s.calls {
		if slices.Contains(names, s.calls[i].name) {
			s.calls[i].Mode = m
		}
	}
}

// p0: |10 ------------ 50|           p2: |30 ------- 70|
// p1:     |20 ----------------- 60|
func three() *script {
	s := &script{header: history.Header{Strategy: "lock", Fault: "none", TTL: time.Second}}
	s.hold("a", 0, 1, 1, 10*ms, 50*ms)
	s.hold("b", 1, 2, 2*ms, 20*ms, 60*ms)
	s.hold("c", 2, 3, 3*ms, 30*ms, 70*ms)
	return s
}

func TestOverlapsAreOfHoldsThatExcludeEachOther(t *testing.T) {
	for _, c := range []struct {
		claim   string
		shared  []string
		permits int
		want    []span
		holds   int
	}{
		{"of a mutex", nil, 0, []span{{20 * ms, 60 * ms}}, 3},
		{"of readers", []string{"a", "b", "c"}, 0, nil, 0},
		{"of a writer that comes to readers", []string{"a", "b"}, 0, []span{{30 * ms, 60 * ms}}, 3},
		{"of readers that come to a writer", []string{"b", "c"}, 0, []span{{20 * ms, 50 * ms}}, 3},
		{"of a semaphore", nil, 2, []span{{30 * ms, 50 * ms}}, 3},
		{"of a larger semaphore", nil, 3, nil, 0},
	} {
		t.Run(c.claim, func(t *testing.T) {
			s := three()
			s.header.Permits = c.permits
			s.as(history.Shared, c.shared...)
			h := s.build()
			scene := newScene(&h)
			var spans []span
			for _, o := range scene.overlaps {
				spans = append(spans, o.span)
				if len(o.holds) != c.holds {
					t.Errorf("%d holds, want %d", len(o.holds), c.holds)
				}
			}
			if !slices.Equal(spans, c.want) {
				t.Errorf("%v, want %v", spans, c.want)
			}
			figure := timeline(scene, window{span: span{0, scene.last}}, "lock")
			says := func(text string) bool {
				return slices.ContainsFunc(figure.keys, func(k key) bool { return strings.Contains(k.label, text) })
			}
			if says("hold it at once") != (c.want != nil) || says("shares it") != (c.shared != nil) {
				t.Errorf("the timeline says that too many hold: %t, that some share: %t", says("hold it at once"), says("shares it"))
			}
		})
	}
}

// Readers have a colour of their own.
func TestTimelineTellsReadersFromWriters(t *testing.T) {
	for _, names := range [][]string{nil, {"a", "b"}, {"a", "b", "c"}} {
		s := three()
		s.as(history.Shared, names...)
		h := s.build()
		scene := newScene(&h)
		scene.overlaps = nil // red would hide the others
		base := filepath.Join(t.TempDir(), "timeline")
		check(t, timeline(scene, window{span: span{0, scene.last}}, "lock").save(base))
		img := readPNG(t, base+".png")
		if readers, writers := img.of(shareColor), img.of(holdColor); (readers > 200) != (names != nil) || (writers > 2000) != (len(names) < 3) {
			t.Errorf("shared by %v: %d pixels of readers, %d of writers", names, readers, writers)
		}
	}
}

// The lock is handed on by the last reader out, and by who gives back the last permit.
func TestHandoffOfLocksThatSeveralHold(t *testing.T) {
	for _, c := range []struct {
		claim   string
		shared  []string
		permits int
		want    time.Duration // from a release to 75 ms; 0: none
	}{
		{"of a reader to a writer", []string{"a", "b", "c"}, 0, 5 * ms},
		{"of a permit", nil, 3, 25 * ms},
		{"of a permit of many", nil, 4, 0},
	} {
		t.Run(c.claim, func(t *testing.T) {
			s := three()
			s.header.Permits = c.permits
			s.hold("d", 3, 4, 4*ms, 75*ms, 90*ms)
			s.as(history.Shared, c.shared...)
			st := Measure(s.build())
			if (st.Handoff.Count == 1) != (c.want > 0) || !near(st.Handoff.Max, c.want) {
				t.Errorf("handoff %+v, want %v", st.Handoff, c.want)
			}
		})
	}
}

// Who crashed was told nothing.
func TestCrashIsNoDetection(t *testing.T) {
	for op, want := range map[history.Op]int64{history.Lost: 1, history.Crash: 0} {
		s := &script{}
		s.hold("a", 0, 1, 1, 10*ms, 0)
		s.hold("b", 1, 2, 5*ms, 20*ms, 80*ms)
		s.info(op, 0, 55*ms, "a")
		if st := Measure(s.build()); st.Detection.Count != want {
			t.Errorf("%v: detection %+v", op, st.Detection)
		}
	}
}

// A reader that lost the lock believes on beside a writer, not beside another reader.
func TestDetectionIsOfTheNextOwner(t *testing.T) {
	for shared, want := range map[bool]time.Duration{true: 25 * ms, false: 35 * ms} {
		s := &script{}
		s.hold("a", 0, 1, 1, 10*ms, 0)
		s.hold("b", 1, 2, 5*ms, 20*ms, 80*ms)
		s.hold("c", 2, 3, 6*ms, 30*ms, 70*ms)
		s.info(history.Lost, 0, 55*ms, "a")
		if shared {
			s.as(history.Shared, "a", "b")
		}
		if st := Measure(s.build()); !near(st.Detection.Max, want) {
			t.Errorf("shared %t: detection %+v, want at most %v", shared, st.Detection, want)
		}
	}
}

// What was due before it was invoked had waited by then.
func TestLatencyCountsFromWhenItWasDue(t *testing.T) {
	for due, want := range map[time.Duration]time.Duration{
		0: 10 * ms, 5 * ms: 25 * ms, 20 * ms: 10 * ms, 40 * ms: 10 * ms,
	} {
		s := &script{}
		s.hold("a", 0, 1, 20*ms, 30*ms, 50*ms)
		s.calls[0].Value = int64(due)
		h := s.build()
		st, teeth := Measure(h), slices.Collect(oldestWaiter(waitSteps(&h), h.Last()))
		if !near(st.Acquire.Max, want) || st.LongestWait != want {
			t.Errorf("due at %v: %v, longest wait %v, want %v", due, st.Acquire.Max, st.LongestWait, want)
		}
		if len(teeth) != 1 || teeth[0].to-teeth[0].call != want || teeth[0].from != teeth[0].call {
			t.Errorf("due at %v: the oldest waiter waited %v, want %v", due, teeth, want)
		}
		if dots := slices.Collect(dots{&h, h.Last()}.all(true)); len(dots) != 1 || dots[0].y != want.Seconds() {
			t.Errorf("due at %v: drawn at %v, want %v", due, dots, want)
		}
	}
}

// Who was due first has waited longest, also if another one was invoked before.
func TestOldestWaiterIsWhoWasDueFirst(t *testing.T) {
	s := &script{}
	s.wait(0, history.OK, 20*ms, 60*ms)
	s.wait(1, history.OK, 30*ms, 50*ms)
	s.calls[1].Value = int64(10 * ms)
	h := s.build()
	want := []tooth{{span{10 * ms, 50 * ms}, 10 * ms}, {span{50 * ms, 60 * ms}, 20 * ms}}
	if got := slices.Collect(oldestWaiter(waitSteps(&h), h.Last())); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A nested acquire waits for nobody: it is neither counted nor measured.
func TestNestedAcquiresAreNotMeasured(t *testing.T) {
	for nested, want := range map[bool]int{true: 1, false: 2} {
		s := &script{}
		s.hold("a", 0, 1, 20*ms, 30*ms, 50*ms)
		s.hold("b", 0, 1, 35*ms, 36*ms, 40*ms)
		if nested {
			s.as(history.Nested, "b")
		}
		if st := Measure(s.build()); st.Acquired != want || st.Acquire.Count != int64(want) || st.Hold.Count != int64(want) {
			t.Errorf("nested %t: acquired %d, measured %d, holds %d, want %d", nested, st.Acquired, st.Acquire.Count, st.Hold.Count, want)
		}
	}
}
