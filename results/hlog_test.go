package results

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lockquake/checker/history"
)

// What other tools read is what was measured: the same acquires, second by second.
func TestLatencyLogIsReadBack(t *testing.T) {
	h := calm("mutex", 5, 2500*ms)
	r := store(t, filepath.Join(t.TempDir(), "run"), h)
	text := must(os.ReadFile(r.Cells()[0].Path(logFile)))(t)
	in := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	var count, most int64
	last := int64(-1)
	for {
		hist, err := in.NextIntervalHistogram()
		check(t, err)
		if hist == nil {
			break
		}
		if hist.StartTimeMs() <= last || hist.EndTimeMs()-hist.StartTimeMs() != 1000 {
			t.Errorf("a second from %d to %d ms after one from %d ms", hist.StartTimeMs(), hist.EndTimeMs(), last)
		}
		last = hist.StartTimeMs()
		count += hist.TotalCount()
		most = max(most, hist.Max())
	}
	st := Measure(h)
	if count != int64(st.Acquired) || count == 0 || last < 1000 {
		t.Errorf("%d acquires in the log, the last second at %d ms; measured were %d", count, last, st.Acquired)
	}
	if ns := st.Acquire.Max.Nanoseconds(); most < ns*999/1000 || most > ns*1001/1000 {
		t.Errorf("the longest took %d ns, measured were %d", most, ns)
	}
}

// The log of a run has all acquires of all repeats, each strategy and fault by itself.
func TestLogOfARunAddsUpItsRepeats(t *testing.T) {
	again := calm("mutex", 5, 700*ms)
	again.Header.Repeat = 2
	r := store(t, filepath.Join(t.TempDir(), "run"), calm("mutex", 5, 1200*ms), again, named(calm("none", 3, 300*ms), "a b,c"))
	want := map[string]int64{}
	for _, c := range must(r.load())(t) {
		want[url.PathEscape(c.Strategy)+"/"+c.Fault] += int64(c.Acquired)
	}
	in := hdrhistogram.NewHistogramLogReader(bytes.NewReader(written(t, r, "hlog")))
	for range 2 {
		h := must(in.NextIntervalHistogram())(t)
		if h.TotalCount() == 0 || h.TotalCount() != want[h.Tag()] || h.StartTimeMs() != 0 {
			t.Errorf("%d acquires of %q from %d ms, want %v", h.TotalCount(), h.Tag(), h.StartTimeMs(), want)
		}
		delete(want, h.Tag())
	}
	if h := must(in.NextIntervalHistogram())(t); h != nil || len(want) > 0 {
		t.Errorf("then comes %v, and %v is missing", h, want)
	}
}

func TestBacklogMakesPercentilesWorthless(t *testing.T) {
	for backlog, unstable := range map[int64]bool{0: false, 4: false, 100: true} {
		h := calm("mutex", 5, 2000*ms)
		for i := range h.Infos {
			if h.Infos[i].Op == history.Stop {
				h.Infos[i].Value = backlog
			}
		}
		st := Measure(h)
		if st.Backlog != backlog || st.Unstable() != unstable {
			t.Errorf("backlog %d of %d acquired is told as %d, unstable %t", backlog, st.Acquired, st.Backlog, st.Unstable())
		}
		html, md := files(t, store(t, filepath.Join(t.TempDir(), "run"), h))
		for _, text := range []string{html, md} {
			if bytes.Contains([]byte(text), []byte("unstable, a backlog of 100")) != unstable {
				t.Errorf("backlog %d: unstable is to be said: %t", backlog, unstable)
			}
		}
	}
}
