package cli

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/results"
)

// decoded are the lines that --json wrote. What a kind of event does not have is zero.
func decoded[T any](t *testing.T, text string) (all []T) {
	t.Helper()
	for line := range strings.Lines(text) {
		var head event
		var e T
		if err := errors.Join(json.Unmarshal([]byte(line), &head), json.Unmarshal([]byte(line), &e)); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if head.Event == "" || head.Schema != eventSchema {
			t.Errorf("a line without an event or a schema: %s", line)
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		t.Fatal("nothing was written")
	}
	return all
}

func kinds(events []event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.Event)
	}
	return strings.Join(all, " ")
}

// A program reads what happens, and nothing else, from standard output; a person reads the same from standard error.
func TestRunAndCheckInJSON(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	ran := call(t, short("--strategy", "mutex,none", "--members", "1", "--json", "--out", out)...)
	ran.want(t, exitBroken)
	checked := call(t, "check", out, "--json")
	single := call(t, "check", "--json", filepath.Join(out, "cells", "none__none__r1", "history.jsonl.zst"))
	for command, s := range map[string]said{"run": ran, "check": checked} {
		if got := kinds(decoded[event](t, s.out)); got != "run cell cell result" {
			t.Fatalf("%s: events %s", command, got)
		}
		run, cells, result := decoded[runEvent](t, s.out)[0], decoded[cellEvent](t, s.out)[1:3], decoded[resultEvent](t, s.out)[3]
		if run.Command != command || run.Seed != 5 || run.Cells != 2 || run.Folder != out || slices.Contains(run.Args, "--json=true") {
			t.Errorf("%s began with %+v", command, run)
		}
		if c := cells[1]; c.Strategy != "none" || c.Done != 2 || c.Of != 2 || c.Outcome != "broken" || c.Grade != checker.Unsafe || len(c.Verdicts) == 0 {
			t.Errorf("%s told of %+v", command, c)
		}
		if result.Exit != exitBroken || result.Interrupted || result.Counts != (counts{Held: 1, Broken: 1}) || result.Report != filepath.Join(out, "report.html") {
			t.Errorf("%s ended with %+v", command, result)
		}
		if !strings.Contains(s.log, "cell 1/2  held ") || !strings.Contains(s.log, "RESULT: "+result.Result) {
			t.Errorf("%s said\n%s", command, s.log)
		}
	}
	if cell := decoded[cellEvent](t, single.out)[0]; kinds(decoded[event](t, single.out)) != "cell result" || cell.File == "" || cell.Outcome != "broken" {
		t.Errorf("of a single history:\n%s", single.out)
	}
}

func TestHistoryOfJepsensInJSON(t *testing.T) {
	s := call(t, "check", "../../checker/edn/testdata/handover-bad.edn", "--json")
	cells := decoded[cellEvent](t, s.out)
	if got := kinds(decoded[event](t, s.out)); got != "cell result" || cells[0].Outcome != "broken" || cells[0].File != "../../checker/edn/testdata/handover-bad.edn" {
		t.Errorf("%s: %+v", got, cells[0])
	}
}

func TestWhatFailedInJSON(t *testing.T) {
	o := outcome{name: results.CellName{Strategy: "mutex", Fault: "none", Repeat: 1}, err: errors.New("no <disk> & no memory")}
	var text strings.Builder
	app{events: &text}.tells(o.event(1, 1))
	if e := decoded[cellEvent](t, text.String())[0]; e.Outcome != "failed" || e.Error != "no <disk> & no memory" || !strings.Contains(text.String(), "<disk>") {
		t.Errorf("told as %s", text.String())
	}
}
