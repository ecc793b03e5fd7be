package cli

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/harness/repro"
)

// Each hazard shows, and the same script with the sound counterpart shows none: a reproduction that succeeded by
// itself would fail the second half.
func TestReproductionsComeOutAsExpected(t *testing.T) {
	n := len(reproIDs())
	for _, args := range [][]string{{"repro", "all", "--parallel", "6"}, {"repro", "all", "--sound", "--parallel", "6"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			call(t, args...).want(t, exitHeld, fmt.Sprintf("RESULT: %d of %d as expected; exit 0", n, n))
		})
	}
}

func TestReproductionIsToldInFull(t *testing.T) {
	call(t, "repro", "etcd-22082").want(t, exitHeld, "upstream: issue 22082", "lose-release-reply healed: lost: the reply of a DeleteRange",
		"story, from the history", "while c0 still believed", "etcd-22082: as expected")
}

// A script whose expectations are those of another lock is not as expected.
func TestDisagreementIsTold(t *testing.T) {
	s := &series{trials: []trial{{findings: []finding{{Asked: "exclusion", Expected: "invalid", Seen: "valid", Why: "2 holds, no overlap", State: differs}}}}}
	s.ID = "etcd-1"
	told := said{}
	var out strings.Builder
	told.code = app{out: &out}.tellOfAll(t.Context(), []*series{s}, reproOptions{inTable: true})
	told.out = out.String()
	told.want(t, exitBroken, "exclusion: valid, not invalid: 2 holds, no overlap", "DIFFERS", "0 of 1 as expected; exit 1")
}

func TestVerdictsAreComparedWithWhatIsExpected(t *testing.T) {
	expected := repro.Expectation{Checker: "release", Verdict: repro.Invalid, Culprit: "strategy", Why: "deleted"}
	for name, c := range map[string]struct {
		seen checker.Verdict
		want state
	}{
		"as expected":     {checker.Verdict{Validity: checker.Invalid, Culprit: "strategy", Why: "c0 deleted it"}, agrees},
		"not broken":      {checker.Verdict{Validity: checker.Valid}, differs},
		"another culprit": {checker.Verdict{Validity: checker.Invalid, Culprit: "etcd", Why: "c0 deleted it"}, differs},
		"another reason":  {checker.Verdict{Validity: checker.Invalid, Culprit: "strategy", Why: "c0 forgot it"}, differs},
		"not known":       {checker.Verdict{Culprit: "strategy", Why: "deleted"}, untold},
	} {
		if f := compareVerdict(expected, c.seen); f.State != c.want {
			t.Errorf("%s: %s (expected %s, seen %s), want %s", name, f.State, f.Expected, f.Seen, c.want)
		}
	}
}

func TestFactsAreComparedWithTheirBounds(t *testing.T) {
	v := repro.Variant{Bounds: []repro.Bound{{Fact: "leases", AtLeast: 5, AtMost: math.Inf(1)}, {Fact: "requests", AtMost: 2}}}
	for _, c := range []struct {
		facts []repro.Fact
		want  state
	}{
		{[]repro.Fact{{Name: "leases", Value: 5}, {Name: "requests", Value: 2}}, agrees},
		{[]repro.Fact{{Name: "leases", Value: 4}, {Name: "requests", Value: 2}}, differs},
		{[]repro.Fact{{Name: "leases", Value: 5}, {Name: "requests", Value: 3}}, differs},
		{[]repro.Fact{{Name: "leases", Value: 5}}, untold},
	} {
		if got := worstOf(findings(v, checker.Judgement{}, c.facts)); got != c.want {
			t.Errorf("%v: %s, want %s", c.facts, got, c.want)
		}
	}
}

func TestTheWorstTrialDecides(t *testing.T) {
	trialOf := func(s state) trial { return trial{findings: []finding{{State: s}}} }
	for want, trials := range map[int][]trial{
		exitHeld:    {trialOf(agrees), trialOf(agrees)},
		exitUnknown: {trialOf(agrees), trialOf(untold)},
		exitBroken:  {trialOf(untold), trialOf(differs), {err: fmt.Errorf("no cluster")}},
		exitHarness: {trialOf(untold), {err: fmt.Errorf("no cluster")}},
	} {
		if code, _ := (&series{trials: trials}).code(); code != want {
			t.Errorf("exit %d, want %d", code, want)
		}
	}
}

// What is kept can be judged again.
func TestReproductionIsKept(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	call(t, "repro", "etcd-10756", "--out", out).want(t, exitHeld, "etcd-10756: as expected")
	cell := filepath.Join(out, "cells", "etcd-10756__none__r1")
	call(t, "check", filepath.Join(cell, "history.jsonl.zst")).want(t, exitBroken, "exclusion invalid")
	if plan, err := os.ReadFile(filepath.Join(cell, "plan.json")); err != nil || !strings.Contains(string(plan), "c0 asks for k0") {
		t.Errorf("the script is not kept: %v", err)
	}
}

func TestReproductionAsJSON(t *testing.T) {
	s := call(t, "repro", "check-then-act", "--json")
	s.want(t, exitHeld)
	told := decoded[reproductionEvent](t, s.out)
	if len(told) != 2 || told[0].Event != "reproduction" || told[0].ID != "check-then-act" || told[0].Trials[0].State != agrees || len(told[0].Trials[0].Script.Steps) == 0 {
		t.Errorf("told %+v", told)
	}
}

func TestReproRefusesWhatItDoesNotKnow(t *testing.T) {
	for args, want := range map[string]string{
		"repro etcd-2208":                 `ID: there is no "etcd-2208": did you mean "etcd-22082"?`,
		"repro etcd-22082 --repeat 0":     "--repeat is 0: give a number from 1",
		"repro etcd-22082 --parallel 100": "--parallel is 100: give a number from 1 to 64",
	} {
		call(t, strings.Fields(args)...).want(t, exitUsage, want)
	}
	call(t, "repro").want(t, exitHeld, "etcd-22082\n", "upstream: issue 11456 closed")
}
