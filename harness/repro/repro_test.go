package repro

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
)

func checkers() []checker.Checker {
	return []checker.Checker{checker.WellFormed{}, checker.Exclusion{}, checker.LeaseBounds{}, checker.Fencing{}, checker.Grant{},
		checker.Release{}, checker.Progress{}, checker.Evidence{}}
}

func TestEachHazardShowsAndItsCounterpartDoesNot(t *testing.T) {
	for _, r := range All() {
		for name, v := range map[string]Variant{"flawed": r.Flawed, "sound": r.Sound} {
			t.Run(r.ID+"/"+name, func(t *testing.T) {
				t.Parallel()
				play(t, r, v)
			})
		}
	}
}

func play(t *testing.T, r Reproduction, v Variant) {
	t.Helper()
	var out bytes.Buffer
	began := time.Now()
	record, err := r.Run(t.Context(), v, 1, &out)
	for _, step := range record.Steps {
		t.Logf("%8.3f  %s", step.At.Seconds(), step.What)
	}
	t.Logf("%.1f s", time.Since(began).Seconds())
	if err != nil {
		t.Fatal(err)
	}
	h, err := history.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]checker.Verdict{}
	for _, v := range checker.Judge(h, checkers(), checker.Promise{}, checker.Promised).Verdicts {
		verdicts[v.Checker] = v
		t.Logf("%s %s %s: %s", v.Checker, v.Validity, v.Culprit, v.Why)
	}
	if v := verdicts["well-formed"]; v.Validity != checker.Valid {
		t.Errorf("not well-formed")
	}
	for _, e := range v.Expect {
		v := verdicts[e.Checker]
		if v.Validity.String() != string(e.Verdict) || e.Culprit != "" && v.Culprit != e.Culprit || !strings.Contains(v.Why, e.Why) {
			t.Errorf("%s: %s (%s) %s, want %+v", e.Checker, v.Validity, v.Culprit, v.Why, e)
		}
	}
	for _, b := range v.Bounds {
		for _, f := range record.Facts {
			if f.Name == b.Fact && (f.Value < b.AtLeast || f.Value > b.AtMost) {
				t.Errorf("%s is %v, want %v to %v", f.Name, f.Value, b.AtLeast, b.AtMost)
			}
		}
	}
}
