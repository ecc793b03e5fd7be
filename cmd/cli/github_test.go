package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/results"
)

func TestWorkflowCommandsAreEscaped(t *testing.T) {
	for text, want := range map[string][2]string{
		"plain words":          {"plain words", "plain words"},
		"100 %":                {"100 %25", "100 %25"},
		"two\r\nlines":         {"two%0D%0Alines", "two%0D%0Alines"},
		"k0: c1, c2 and %0A":   {"k0: c1, c2 and %250A", "k0%3A c1%2C c2 and %250A"},
		"::error::not a thing": {"::error::not a thing", "%3A%3Aerror%3A%3Anot a thing"},
	} {
		if got := [2]string{data(text), property(text)}; got != want {
			t.Errorf("%q is written as %q, want %q", text, got, want)
		}
	}
}

// brokenCell is one of a lock whose words would like to be commands.
func brokenCell() outcome {
	return outcome{
		name: results.CellName{Strategy: "mutex", Fault: "pause-holder", Repeat: 1},
		judgement: checker.Judgement{Validity: checker.Invalid, Grade: checker.Unsafe, Verdicts: []checker.Verdict{
			{Checker: "exclusion", Validity: checker.Invalid, Why: "two held k0,\nor 50 %", Story: []string{"c0 acquired", "::stop-commands::x", "##[error]y"}},
			{Checker: "fencing", Validity: checker.Invalid, Why: "stale", Story: []string{"c0 acquired", "::stop-commands::x", "##[error]y"}},
			{Checker: "release", Validity: checker.Valid, Why: "fine"},
		}},
	}
}

func TestWorkflowIsToldOfCells(t *testing.T) {
	unknown, failed, held := brokenCell(), brokenCell(), brokenCell()
	unknown.judgement = checker.Judgement{Grade: checker.Exclusive, Verdicts: []checker.Verdict{{Checker: "evidence", Why: "no fault was seen"}}}
	failed.judgement, failed.err = checker.Judgement{}, errors.New("no leader\n  ::set-env name=PATH::/tmp")
	held.judgement = checker.Judgement{Validity: checker.Valid, Grade: checker.Exclusive}
	for name, c := range map[string]struct {
		cell outcome
		want string
	}{
		"broken": {brokenCell(), "::error title=lockquake%3A mutex under pause-holder broken::unsafe; fencing: stale\n" +
			"::group::what happened in mutex under pause-holder\nexclusion:\n  c0 acquired\n  : :stop-commands::x\n  ## [error]y\n::endgroup::\n"},
		"unknown": {unknown, "::warning title=lockquake%3A mutex under pause-holder unknown::exclusive; evidence: no fault was seen\n"},
		"failed":  {failed, "::error title=lockquake%3A mutex under pause-holder failed::no leader\n"},
		"held":    {held, ""},
	} {
		for env, here := range map[string]bool{"true": true, "": false} {
			var out strings.Builder
			console := newConsole(&out, &out, environment{"GITHUB_ACTIONS": env, "CI": "true"}.get)
			app{out: console.out, log: console.log}.tellOf(1, 2, c.cell)
			_, told, _ := strings.Cut(out.String(), "::")
			if told != "" {
				told = "::" + told
			}
			if want := c.want; here && told != want && !strings.HasSuffix(out.String(), want) || !here && strings.Contains(out.String(), "::group") {
				t.Errorf("%s, GITHUB_ACTIONS=%q: said\n%s\nwant\n%s", name, env, out.String(), want)
			}
			for line := range strings.Lines(out.String()) {
				if here && strings.HasPrefix(strings.TrimLeft(line, " "), "::") && !strings.HasPrefix(line, "::") || strings.ContainsAny(line, "\r\x1b") {
					t.Errorf("%s: what a lock said is a command: %q", name, line)
				}
			}
		}
	}
}

func TestStepSummary(t *testing.T) {
	run, err := results.Open("../../results/testdata/version1")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	step := filepath.Join(dir, "step.md")
	if err := os.WriteFile(step, []byte("# before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		github, path string
		want, says   string
	}{
		{"", step, "# before\n", ""},
		{"true", "", "# before\n", ""},
		{"true", dir, "# before\n", "lockquake: the step's summary: "},
		{"true", step, "# before\n# lockquake, seed ", ""},
	} {
		var log strings.Builder
		console := newConsole(&log, &log, environment{"GITHUB_ACTIONS": c.github, "GITHUB_STEP_SUMMARY": c.path}.get)
		app{out: console.out, log: console.log}.summarize(run)
		text, err := os.ReadFile(step)
		if err != nil || !strings.HasPrefix(string(text), c.want) || !strings.HasPrefix(log.String(), c.says) || (c.says == "") != (log.Len() == 0) {
			t.Errorf("%+v: the summary is %q, said was %q, %v", c, text, log.String(), err)
		}
	}
}

func TestLongSummaryIsShortened(t *testing.T) {
	text := "# run\n\n## one\n" + strings.Repeat("x", 100) + "\n## two\n" + strings.Repeat("y", 100)
	for room, want := range map[int]string{
		1000: text,
		220:  "# run\n\n## one\n" + strings.Repeat("x", 100) + "\n\nThere is no room here for the rest: summary.md has it.\n",
		100:  "# run\n\n\nThere is no room here for the rest: summary.md has it.\n",
		60:   "There is no room here for the rest: summary.md has it.\n",
		20:   "",
		-5:   "",
	} {
		if got := shortened(text, room, "summary.md"); got != want || len(got) > max(0, room) {
			t.Errorf("of %d bytes it is\n%q, want\n%q", room, got, want)
		}
	}
}
