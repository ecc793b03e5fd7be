package cli

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// unproven are broken strategies that no proof is about, and names in proofs that nobody knows.
func unproven(c Catalogue, all []proof) (gaps []string) {
	var caught []string
	seen := map[string]bool{}
	for _, p := range all {
		if seen[p.fault] || p.fault != harness.Calm && !slices.Contains(names(c.Faults), p.fault) {
			gaps = append(gaps, p.fault)
		}
		seen[p.fault] = true
		for _, it := range p.catches {
			caught = append(caught, it.strategy)
			if !slices.Contains(names(c.Checkers), it.checker) {
				gaps = append(gaps, it.checker)
			}
		}
	}
	for _, name := range append(caught, spared()...) {
		if !slices.Contains(names(c.Strategies), name) {
			gaps = append(gaps, name)
		}
	}
	for _, e := range c.Strategies {
		if e.Value.Promise.Broken && !slices.Contains(caught, e.Name) {
			gaps = append(gaps, e.Name)
		}
	}
	return gaps
}

func TestEveryBrokenLockHasItsProof(t *testing.T) {
	if gaps := unproven(Builtin(), proofs()); gaps != nil {
		t.Errorf("%v: unknown, there twice, or never to be caught", gaps)
	}
	c := Builtin()
	c.AddStrategy("new", onPurpose+"new", Strategy{Promise: broke})
	wrong := append(proofs(), proof{fault: harness.Calm}, proof{fault: "rain", catches: []catch{{"nobody", "nothing"}}})
	if gaps := unproven(c, wrong); !slices.Equal(gaps, []string{"none", "rain", "nothing", "nobody", "new"}) {
		t.Errorf("found %v", gaps)
	}
}

// asTheyShould are the outcomes of a selftest in which everything came out as it should.
func asTheyShould(seeds int) (outcomes []outcome) {
	for i := range seeds {
		for _, p := range proofs() {
			name := results.CellName{Fault: p.fault, Repeat: i + 1}
			for _, it := range p.catches {
				name.Strategy = it.strategy
				outcomes = append(outcomes, saying(name, checker.Valid, checker.Verdict{Checker: it.checker, Validity: checker.Invalid, Why: it.strategy + " is wrong"}))
			}
			for _, strategy := range spared() {
				name.Strategy = strategy
				outcomes = append(outcomes, saying(name, checker.Valid))
			}
		}
	}
	return outcomes
}

func saying(name results.CellName, validity checker.Validity, verdicts ...checker.Verdict) outcome {
	verdicts = append(verdicts, checker.Verdict{Checker: "evidence", Validity: checker.Valid})
	return outcome{name: name, judgement: checker.Judgement{Validity: validity, Verdicts: verdicts}}
}

func invalidBy(name, why string) checker.Verdict {
	return checker.Verdict{Checker: name, Validity: checker.Invalid, Why: why}
}

// change is what is different from asTheyShould in the cells of a lock under a fault, at the second seed.
type change struct {
	strategy, fault string
	to              func(results.CellName) (instead outcome, gone bool)
}

func saysInstead(validity checker.Validity, verdicts ...checker.Verdict) func(results.CellName) (outcome, bool) {
	return func(name results.CellName) (outcome, bool) { return saying(name, validity, verdicts...), false }
}

func butFor(seeds int, changes ...change) (outcomes []outcome) {
	for _, o := range asTheyShould(seeds) {
		for _, c := range changes {
			if o.name == (results.CellName{Strategy: c.strategy, Fault: c.fault, Repeat: 2}) {
				instead, gone := c.to(o.name)
				if o = instead; gone {
					o.skipped = true
				}
			}
		}
		if !o.skipped {
			outcomes = append(outcomes, o)
		}
	}
	return outcomes
}

func TestWhatASelftestSays(t *testing.T) {
	missed := change{"double-grant", harness.Calm, saysInstead(checker.Valid, checker.Verdict{Checker: "grant", Validity: checker.Valid, Why: "all in turn"})}
	untold := change{"watch-gap", harness.Calm, saysInstead(checker.Unknown, checker.Verdict{Checker: "progress", Why: "cut short"})}
	for name, c := range map[string]struct {
		changes []change
		code    int
		text    string
	}{
		"all as it should": {nil, exitHeld, "16 of 16 broken locks caught in every cell, 0 of 5 sound ones accused; seeds 1 to 3; exit 0"},
		"one not caught":   {[]change{missed}, exitBroken, "2 of 3  21 to 94   not caught: all in turn"},
		"caught by another checker only": {
			[]change{{"unfenced-token", "pause-holder", saysInstead(checker.Valid, invalidBy("exclusion", "two held it"), checker.Verdict{Checker: "fencing", Validity: checker.Valid, Why: "no harm"})}},
			exitBroken, "not caught: no harm",
		},
		"could not be told": {[]change{untold}, exitUnknown, "2 of 3, 1 unknown  34 to 100  cut short"},
		"cleared, but nobody saw the fault": {
			[]change{{"no-keepalive", "overstay-holder", saysInstead(checker.Valid, checker.Verdict{Checker: "exclusion", Validity: checker.Valid}, checker.Verdict{Checker: "evidence", Why: "never injected"})}},
			exitUnknown, "never injected",
		},
		"caught, though nobody saw the fault": {
			[]change{{"no-keepalive", "overstay-holder", saysInstead(checker.Valid, invalidBy("exclusion", "two held it"), checker.Verdict{Checker: "evidence", Why: "never injected"})}},
			exitHeld, "exit 0",
		},
		"one not caught, one could not be told": {[]change{missed, untold}, exitBroken, "14 of 16 broken locks caught in every cell"},
		"the harness failed": {
			[]change{{"none", harness.Calm, func(name results.CellName) (outcome, bool) {
				return outcome{name: name, err: errors.New("no cluster")}, false
			}}},
			exitUnknown, "no cluster",
		},
		"a failure of lockquake": {
			[]change{{"none", harness.Calm, func(name results.CellName) (outcome, bool) {
				o := saying(name, checker.Unknown, invalidBy("exclusion", "two held it"), checker.Verdict{Checker: "well-formed", Validity: checker.Invalid, Harness: true, Why: "a defect"})
				o.judgement.Harness = true
				return o, false
			}}},
			exitUnknown, "a failure of lockquake: well-formed: a defect",
		},
		"not carried out": {
			[]change{{"tutorial", "revoke-holder", func(results.CellName) (outcome, bool) { return outcome{}, true }}},
			exitUnknown, "not carried out",
		},
		"a sound one accused": {
			[]change{{"mutex", "isolate-waiter", saysInstead(checker.Invalid, invalidBy("release", "a stranger did it"))}},
			exitBroken, "1 of 24  1 to 20  isolate-waiter: release: a stranger did it",
		},
		"a sound one that could not be told": {
			[]change{{"semaphore", "revoke-waiter", saysInstead(checker.Unknown, checker.Verdict{Checker: "grant", Why: "a gap"})}},
			exitUnknown, "0 of 24, 1 unknown  0 to 14",
		},
		"a sound one not carried out": {
			[]change{{"fastqueue", harness.Calm, func(results.CellName) (outcome, bool) { return outcome{}, true }}},
			exitUnknown, "0 of 24, 1 unknown",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := selftestOptions{seed: 1, seeds: 3}
			found := examine(Builtin(), o.seeds, butFor(o.seeds, c.changes...))
			var text bytes.Buffer
			err := app{catalogue: Builtin(), out: &text}.tellOfSelftest(t.Context(), o, found, tally{}, "report.html")
			if codeOf(err) != c.code || !strings.Contains(text.String(), c.text) {
				t.Errorf("exit %d, want %d with %q:\n%s", codeOf(err), c.code, c.text, text.String())
			}
		})
	}
}

// What is known is not for them: a promise is kept without it.
func TestAChargeIsNotOfWhatIsKnown(t *testing.T) {
	o := saying(results.CellName{Fault: "revoke-holder"}, checker.Invalid, invalidBy("release", "as known"), invalidBy("promise", "unsafe"))
	if got := charge(o, checker.Promise{Known: []string{"release"}}, checker.Invalid); got != "revoke-holder: promise: unsafe" {
		t.Errorf("charged with %q", got)
	}
	if got := charge(o, checker.Promise{}, checker.Invalid); got != "revoke-holder: release: as known" {
		t.Errorf("charged with %q", got)
	}
}

func TestSelftestInJSON(t *testing.T) {
	o := selftestOptions{seed: 7, seeds: 2}
	var words, text bytes.Buffer
	a := app{catalogue: Builtin(), out: &words, events: &text}
	err := a.tellOfSelftest(t.Context(), o, examine(Builtin(), o.seeds, asTheyShould(o.seeds)), tally{total: 3, held: 2}, "report.html")
	lines := decoded[lockEvent](t, text.String())
	first := lines[0]
	if err != nil || first.Event != "lock" || first.Checker != "progress" || first.Accused != 2 || first.Cells != 2 || first.High != 1 || first.Why != "leak-on-cancel is wrong" {
		t.Errorf("%v: %+v", err, first)
	}
	result := decoded[resultEvent](t, text.String())[len(lines)-1]
	if result.Event != "result" || result.Exit != exitHeld || result.Counts.Held != 2 || result.Counts.NotDone != 3 || !strings.Contains(words.String(), result.Result) {
		t.Errorf("%+v", result)
	}
}

// A cell of selftest is the one that run draws from the same seed.
func TestSelftestPlansEachSeedAsRunDoes(t *testing.T) {
	a := app{catalogue: Builtin()}
	s, err := a.chooseProofs(t.Context(), selftestOptions{seed: 5, seeds: 2, parallel: 1, cluster: scenario.Embed})
	if err != nil {
		t.Fatal(err)
	}
	cells := 0
	for _, p := range proofs() {
		cells += len(p.catches) + len(spared())
	}
	if len(s.plan.Cells) != 2*cells || s.plan.Cells[cells].Seed != 6 || s.plan.Cells[cells].Repeat != 2 {
		t.Fatalf("%d cells, want %d with seeds 5 and 6", len(s.plan.Cells), 2*cells)
	}
	o := selftestOptions{seed: 6, seeds: 1, parallel: 1, cluster: scenario.Embed}.run()
	o.strategies, o.faults = "mutex", "overstay-holder"
	drawn, err := a.choose(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := drawn.plan.Cells[0]
	want.Repeat = 2
	if !slices.ContainsFunc(s.plan.Cells, func(c harness.Cell) bool { return bytes.Equal(c.JSON(), want.JSON()) }) {
		t.Error("run draws another cell")
	}
}

func TestSelftestWithWrongInput(t *testing.T) {
	t.Chdir(t.TempDir())
	for args, want := range map[string]string{
		"selftest --seeds 0":           "--seeds is 0: give a number from 1",
		"selftest --parallel 0":        "--parallel is 0: give a number from 1",
		"selftest --out /proc/nowhere": "/proc/nowhere",
		"selftest mutex":               `takes no arguments: leave out "mutex"`,
	} {
		call(t, strings.Fields(args)...).want(t, exitUsage, want)
	}
}

// What was interrupted has shown nothing.
func TestInterruptedSelftestClaimsNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, log bytes.Buffer
	code := run(ctx, Builtin(), []string{"selftest", "--seeds", "1", "--json"}, &out, &log)
	said{code, out.String(), log.String()}.want(t, exitInterrupted, `"exit":130`, `"unknown":1`, "lockquake selftest: seed 1, 56 cells")
	decoded[event](t, out.String())
}
