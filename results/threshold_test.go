package results

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
)

// Each threshold has a twin that misses it; what is not known is neither.
func TestThresholds(t *testing.T) {
	cut := calm("mutex", 3, 500*ms)
	cut.Cut = "killed"
	nobody := calm("mutex", 3, 500*ms)
	nobody.Header.Warmup = time.Hour
	for name, c := range map[string]struct {
		h      history.History
		limits Limits
		want   string
	}{
		"p99 met":               {calm("mutex", 3, 500*ms), Limits{MaxP99: time.Second}, "max-p99 met: 99 % of "},
		"p99 missed":            {calm("mutex", 3, 500*ms), Limits{MaxP99: 5 * ms}, " %) more than 5 ms"},
		"gap met":               {calm("mutex", 3, 500*ms), Limits{MaxGap: time.Second}, "max-gap met: nobody was granted the lock for "},
		"gap missed":            {leaderless(), Limits{MaxGap: time.Second}, "max-gap missed: nobody was granted the lock for 1.245 s from 1.499 s on, 245 ms (24 %) more than 1 s"},
		"ops met":               {calm("mutex", 3, 500*ms), Limits{MinOps: 10}, "min-ops met: "},
		"ops missed":            {calm("mutex", 3, 500*ms), Limits{MinOps: 100000}, "fewer than 100000"},
		"p99 of nobody":         {nobody, Limits{MaxP99: time.Second}, "max-p99 unknown: nobody acquired the lock in the measured time"},
		"gap of nobody":         {nobody, Limits{MaxGap: time.Second}, "max-gap unknown: "},
		"ops of nobody":         {nobody, Limits{MinOps: 1}, "min-ops missed: 0 acquired"},
		"p99 of a cut history":  {cut, Limits{MaxP99: time.Second}, "max-p99 unknown: the history is cut short"},
		"gap of a cut history":  {cut, Limits{MaxGap: time.Second}, "max-gap unknown: "},
		"gap that came before":  {cut, Limits{MaxGap: ms}, "max-gap missed: "},
		"ops of a cut history":  {cut, Limits{MinOps: 100000}, "min-ops unknown: "},
		"ops that came before":  {cut, Limits{MinOps: 1}, "min-ops met: "},
		"p99 of those in vain":  {starved(20), Limits{MaxP99: 50 * ms}, "(20 of them in vain), 950 ms (1900 %) more than 50 ms"},
		"few were not answered": {starved(0), Limits{MaxP99: 50 * ms}, "max-p99 met: "},
	} {
		t.Run(name, func(t *testing.T) {
			all := c.limits.Judge(c.h)
			if len(all) != 1 {
				t.Fatalf("%d thresholds", len(all))
			}
			if got := fmt.Sprintf("%s %s: %s", all[0].Name, all[0].Word(), all[0].Why); !strings.Contains(got, c.want) {
				t.Errorf("%s; want %s", got, c.want)
			}
			if strings.Contains(all[0].Why, "nobody acquired") != (all[0].Measured == nil) && c.h.Cut == "" {
				t.Errorf("measured %v: %s", all[0].Measured, all[0].Why)
			}
		})
	}
	if none := (Limits{}).Judge(cut); none != nil || Met(none) != checker.Valid {
		t.Errorf("thresholds that nobody asked for: %+v", none)
	}
}

// starved is a lock that serves one client well, and lets another wait a second at a time.
func starved(waits int) history.History {
	q := newQueue("mutex", "none", 2)
	q.turns(3*time.Second, 1)
	for i := range waits {
		q.wait(1, history.Unknown, time.Duration(i)*ms, time.Second+time.Duration(i)*ms)
	}
	return q.build()
}

func TestWhatIsNotKnownOfOneThresholdIsNotKnownOfAll(t *testing.T) {
	at := func(v checker.Validity) Threshold { return Threshold{Validity: v} }
	for want, all := range map[checker.Validity][]Threshold{
		checker.Valid:   {at(checker.Valid), at(checker.Valid)},
		checker.Invalid: {at(checker.Valid), at(checker.Invalid)},
		checker.Unknown: {at(checker.Invalid), at(checker.Unknown), at(checker.Valid)},
	} {
		if got := Met(all); got != want {
			t.Errorf("%v of %+v, want %v", got, all, want)
		}
	}
}

// A run keeps what its cells were asked for and how they came out, and every format tells.
func TestMissedThresholdIsInEveryFormat(t *testing.T) {
	h := calm("mutex", 3, 500*ms)
	asked := Asked{Want: "exclusive", Limits: Limits{MaxP99: ms, MinOps: 10}}
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{Want: "safe", Cells: []CellName{{"mutex", "none", 1}}, Asked: []Asked{asked}}))(t)
	c := r.Cells()[0]
	check(t, c.makeFolder())
	check(t, c.Finish(h, judged(h)))
	check(t, r.Finish())
	back := must(Open(r.Dir()))(t).Cells()[0].Record()
	if back.Asked != asked || len(back.Thresholds) != 2 || back.Validity != checker.Valid || !strings.HasPrefix(back.Why, "max-p99: 99 % of ") {
		t.Errorf("read back %+v", back)
	}
	for format, says := range map[string]string{
		"junit": `<failure type="threshold" message="max-p99: 99 % of `, "md": "- max-p99 missed: 99 % of ", "csv": `"max-p99 missed, min-ops met"`,
		"json": `"outcome": "missed"`, "html": "max-p99 missed",
	} {
		if text := string(written(t, r, format)); !strings.Contains(text, says) {
			t.Errorf("%s does not say %s:\n%.3000s", format, says, text)
		}
	}
	j := judged(h)
	j.Harness, j.Validity = true, checker.Unknown
	check(t, c.Finish(h, j))
	if Met(c.Record().Thresholds) != checker.Unknown {
		t.Errorf("of a history that is not sound: %+v", c.Record().Thresholds)
	}
}
