package checker

import (
	"strings"
	"testing"
	"time"

	"lockquake/checker/history"
)

// Each edit makes a sound history one that no recorder writes.
func TestWellFormedEdits(t *testing.T) {
	for _, c := range []struct {
		why  string
		edit func(*history.History)
	}{
		{"two events are number 1", func(h *history.History) { h.Infos[0].Seq = 1 }},
		{"event 5 at 1.000 s, earlier", func(h *history.History) { h.Infos[0].At = time.Second }},
		{"is out of order", func(h *history.History) { h.Ops[0], h.Ops[1] = h.Ops[1], h.Ops[0] }},
		{"returned before it was invoked", func(h *history.History) { h.Ops[0].Return = 0 }},
		{"returned before it was invoked", func(h *history.History) { h.Ops[0].ReturnAt = 0 }},
		{"has an outcome and never returned", func(h *history.History) { h.Ops[1].Return = history.Open }},
		{"names 1, no earlier acquire of k1", func(h *history.History) { h.Ops[1].Common = &history.Common{Key: "k1"} }},
		{"c0 release of k0 (event 3, 2.000 s) names 3, no earlier acquire", func(h *history.History) { h.Ops[1].Hold = 3 }},
		{"what the reader found (1 defect in all)", func(h *history.History) { h.Defects = []string{"what the reader found"} }},
	} {
		t.Run(c.why, func(t *testing.T) {
			h := draw(t, `p0: |acquire t=1|   |release|  <stop>`)
			if v := (WellFormed{}).Check(h); v.Validity != Valid {
				t.Fatalf("unedited, it is %v: %s", v.Validity, v.Why)
			}
			c.edit(&h)
			if v := (WellFormed{}).Check(h); v.Validity != Invalid || !v.Harness || !strings.Contains(v.Why, c.why) {
				t.Errorf("%v, harness %v: %s\nwanted invalid: %s", v.Validity, v.Harness, v.Why, c.why)
			}
		})
	}
}

// A release that is invoked while its acquire is still open belongs to no hold.
func TestWellFormedEarlyRelease(t *testing.T) {
	h := draw(t, `
		p0: |acquire t=1     |
		p1:     |release|`)
	h.Ops[1].Hold, h.Ops[1].Common = h.Ops[0].ID(), &history.Common{Key: "k0"}
	if v := (WellFormed{}).Check(h); v.Validity != Invalid {
		t.Errorf("%v: %s", v.Validity, v.Why)
	}
}

func TestHighWater(t *testing.T) {
	w := newHighWater([]mark{{at: 5, value: 2}, {at: 1, value: 9, op: 4}, {at: 8, value: 11}})
	for at, want := range map[int64]int64{1: 0, 2: 9, 6: 9, 8: 9, 9: 11} {
		if m, ok := w.before(at); m.value != want || ok != (want > 0) {
			t.Errorf("before %d: %d, %v, wanted %d", at, m.value, ok, want)
		}
	}
}
