package results

import (
	"os"
	"path/filepath"
	"testing"

	"lockquake/checker/history"
)

func TestGallery(t *testing.T) {
	dir := os.Getenv("GALLERY")
	if dir == "" {
		t.Skip()
	}
	store(t, filepath.Join(dir, "run"), calm("mutex", 5, 3000*ms), paused(false), leaderless(),
		calm("mutex+fence", 5, 3000*ms), named(paused(true), "mutex+fence"), named(leaderless(), "mutex+fence"))
	var all []measured
	for _, n := range []string{"mutex", "tutorial", "mutex+fence"} {
		for _, h := range []history.History{calm("mutex", 5, 3000*ms), paused(false), leaderless()} {
			all = append(all, measured{CellName{n, h.Header.Fault, 1}, Measure(h)})
		}
	}
	t1 := newTable(all)
	for n, f := range map[string]figure{"latency": compareLatency(t1), "contention": compareContention(t1), "grants": compareGrants(t1)} {
		if err := f.save(filepath.Join(dir, "run-"+n)); err != nil {
			t.Fatal(err)
		}
	}
	for name, h := range map[string]history.History{
		"calm": calm("mutex", 5, 3000*ms), "paused": paused(false), "fenced": paused(true), "leaderless": leaderless(), "everybody": grantsEverybody(6, 1000*ms),
	} {
		s := newScene(&h)
		title := h.Header.Strategy + " under " + h.Header.Fault + ": unsafe"
		for n, f := range map[string]figure{"timeline": timeline(s, title), "latency": latencyOverTime(s, title), "percentiles": percentiles(s.measure(), title)} {
			if err := f.save(filepath.Join(dir, name+"-"+n)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
