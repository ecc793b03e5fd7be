package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/results"
)

// storeOne makes a run of one cell that came out like this.
func storeOne(t *testing.T, dir string, grade checker.Grade, validity checker.Validity) {
	t.Helper()
	run, err := results.Create(dir, results.Info{Cells: []results.CellName{{Strategy: "mutex", Fault: "none", Repeat: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	cell, err := run.Cell(run.Manifest().Cells[0].CellName)
	if err != nil {
		t.Fatal(err)
	}
	w, err := cell.History()
	if err != nil {
		t.Fatal(err)
	}
	record(t, w, 20, false, "k0")
	h, err := cell.ReadHistory()
	if err != nil {
		t.Fatal(err)
	}
	if err := cell.Finish(h, checker.Judgement{Grade: grade, Validity: validity}); err != nil {
		t.Fatal(err)
	}
}

func TestCompareSaysWhatGotWorse(t *testing.T) {
	t.Chdir(t.TempDir())
	storeOne(t, "good", checker.Exclusive, checker.Valid)
	storeOne(t, "bad", checker.Unsafe, checker.Invalid)
	store(t, "unjudged", "mutex")
	for command, want := range map[string]struct {
		code int
		says string
	}{
		"compare good good":                  {exitHeld, "same"},
		"compare good bad":                   {exitBroken, "worse"},
		"compare bad good":                   {exitHeld, "better"},
		"compare good unjudged":              {exitUnknown, "unknown"},
		"compare good good bad":              {exitBroken, "after:  bad"},
		"compare good bad --max-regress 10%": {exitBroken, "n too small"},
		"compare good bad -o md":             {exitBroken, "| `mutex` | none |"},
		"compare good good -o md":            {exitHeld, "**lockquake compare: nothing got worse than it may** (exit 0)\n\nn too small: to tell a difference from chance among 4 comparisons takes 5 repeats"},
	} {
		t.Run(command, func(t *testing.T) {
			call(t, strings.Fields(command)...).want(t, want.code, want.says)
		})
	}
	var all comparison
	if err := json.Unmarshal([]byte(call(t, "compare", "good", "bad", "--json").out), &all); err != nil || all.Schema != 1 || all.Exit != exitBroken || all.Differences[0].Cells[0].Strategy != "mutex" {
		t.Errorf("JSON %+v: %v", all, err)
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	t.Chdir(t.TempDir())
	storeOne(t, "good", checker.Exclusive, checker.Valid)
	store(t, "other", "fastqueue")
	for command, says := range map[string]string{
		"compare":                              "give two runs or more",
		"compare good":                         "give two runs or more",
		"compare good nowhere":                 "open run nowhere: no such folder",
		"compare good good --max-regress ten":  `--max-regress is "ten": give a percentage, such as 10%`,
		"compare good good --max-regress -1%":  `--max-regress is "-1%"`,
		"compare good good --max-regress NaN%": `--max-regress is "NaN%"`,
		"compare good good -o xml":             `-o is "xml": give text, md or json`,
		"compare good other":                   "compare good and other: they have no cell in common: mutex without faults there, and fastqueue without faults there",
		"compare good good --json -o md":       "--json is short for -o json: give one of them",
		"compare good latest":                  "there is none in",
		"compare -1 latest":                    `find run "latest-1"`,
	} {
		call(t, strings.Fields(command)...).want(t, exitUsage, says)
	}
}

// What is worse by more than allowed is so only if it is no chance; what cannot be told is unknown.
func TestThresholds(t *testing.T) {
	metric := func(ratio, p float64, tooSmall bool) results.MetricDifference {
		return results.MetricDifference{HigherBetter: true, Ratio: ratio, P: p, TooSmall: tooSmall}
	}
	for name, c := range map[string]struct {
		metric results.MetricDifference
		limit  float64
		want   int
	}{
		"no limit":                         {metric(0.5, 0.001, false), noLimit, exitHeld},
		"worse than allowed":               {metric(0.8, 0.001, false), 0.1, exitThreshold},
		"worse, within the limit":          {metric(0.95, 0.001, false), 0.1, exitHeld},
		"worse by chance":                  {metric(0.8, 0.5, false), 0.1, exitHeld},
		"worse, too few repeats":           {metric(0.8, 0.5, true), 0.1, exitUnknown},
		"within the limit, of few repeats": {metric(0.95, 0.5, true), 0.1, exitHeld},
		"better":                           {metric(2, 0.001, false), 0, exitHeld},
		"nothing to compare with":          {metric(0, 1, false), 0.1, exitUnknown},
	} {
		d := results.Difference{Cells: []results.CellDifference{{Change: results.Same, Metrics: []results.MetricDifference{c.metric}}}}
		if got := compared(d, c.limit); got != c.want {
			t.Errorf("%s: exit %d, want %d", name, got, c.want)
		}
	}
}

// A comment on a pull request has a limit; what does not fit is said to be missing.
func TestMarkdownOfManyCellsIsCutAtALine(t *testing.T) {
	var d results.Difference
	for range 2000 {
		d.Cells = append(d.Cells, results.CellDifference{Strategy: "mutex+fence", Fault: "pause-holder"})
	}
	var b strings.Builder
	d.Cells[1999].Change = results.Worse
	markdown := func(d results.Difference) error {
		return asMarkdown(&b, comparison{Comparison: results.Comparison{Differences: []results.Difference{d}}, limit: noLimit})
	}
	if err := markdown(d); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.Contains(text, "worse") {
		t.Error("what got worse is cut off")
	}
	if len(text) > results.MostMarkdown || !strings.HasSuffix(text, "unknown |\n\nThe rest is left out: lockquake compare prints all.\n") {
		t.Errorf("%d bytes, which end with %q", len(text), text[len(text)-120:])
	}
	b.Reset()
	if err := markdown(results.Difference{Cells: d.Cells[:10]}); err != nil || strings.Contains(b.String(), "left out") {
		t.Errorf("ten cells: %v\n%s", err, b.String())
	}
}
