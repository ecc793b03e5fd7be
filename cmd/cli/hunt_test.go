package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/results"
)

func TestHuntTellsOfTheFirstViolationAndKeepsIt(t *testing.T) {
	notUnderRace(t)
	out := filepath.Join(t.TempDir(), "hunt")
	s := call(t, "hunt", "--strategy", "none,mutex", "--fault", "none", "--members", "1", "--duration", "5s", "--seed", "7", "--seeds", "2", "--again", "1", "--parallel", "1", "--json", "--out", out)
	s.want(t, exitBroken,
		"lockquake hunt: seeds from 7, 2 cells each, 5s of virtual time a cell",
		"seed 7  BROKEN  none without faults", " both held k0 for ", "kept: "+out,
		"seed 7  again   none without faults: ", "exclusion in 1 of 1",
		"RESULT: 3 cells, 0.0 virtual hours, ", "1 gave less than is wanted; exit 1", // the second seed is mutex's alone
	)
	events := decoded[event](t, s.out)
	finds, told := decoded[findEvent](t, s.out), decoded[huntEvent](t, s.out)
	if k := kinds(events); !strings.HasPrefix(k, "run find ") || !strings.HasSuffix(k, " find hunt result") {
		t.Errorf("events %s", k)
	}
	if f := finds[1]; f.Seed != 7 || f.Strategy != "none" || f.Verdict.Validity != checker.Invalid || len(f.Verdict.Story) == 0 || f.Known || f.Came != 1 || f.Of != 1 {
		t.Errorf("found %+v", f)
	}
	if h := told[len(told)-2]; h.Cells != 3 || h.Beyond != 1 || h.Unknown != 0 || h.Grants == 0 {
		t.Errorf("came to %+v", h)
	}
	kept, err := os.ReadDir(out)
	if err != nil || len(kept) != 1 || kept[0].Name() != "seed-7-none__none__r1" {
		t.Fatalf("kept are %v, error %v", kept, err)
	}
	call(t, "check", filepath.Join(out, kept[0].Name())).want(t, exitBroken, "exclusion invalid")
	sameAgain(t, filepath.Join(out, kept[0].Name()))
}

func TestHuntThatFindsNothingLeavesNothing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "hunt")
	call(t, "hunt", "--fault", "none", "--members", "1", "--duration", "5s", "--seeds", "1", "--out", out).want(t, exitHeld, "RESULT: 1 cell, ", " grants judged; exit 0")
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("its folder is there: %v", err)
	}
}

func TestHuntThatHasNoTimeKnowsNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	call(t, "hunt", "--fault", "none", "--for", "1ns").want(t, exitUnknown, "RESULT: 0 cells, ", "exit 3")
	call(t, "hunt", "--for", "0s").want(t, exitUsage, "--for is 0s: give a positive duration")
	call(t, "hunt", "--again", "-1").want(t, exitUsage, "--again is -1: give a number")
	call(t, "hunt", "--fault", "pause-leader").want(t, exitUsage, "a cluster of kind virtual cannot pause members")
}

// sameAgain holds the command line that a run names to the plan that it has.
func sameAgain(t *testing.T, dir string) {
	t.Helper()
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	planned, err := os.ReadFile(run.Cells()[0].Path("plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	var plan struct{ Cells []json.RawMessage }
	again := call(t, append(run.Manifest().Args[1:], "--plan-only")...)
	if err := json.Unmarshal([]byte(again.out), &plan); err != nil || len(plan.Cells) != 1 {
		t.Fatalf("error %v, out %s", err, again.out)
	}
	var was, is bytes.Buffer
	if err := errors.Join(json.Compact(&was, planned), json.Compact(&is, plan.Cells[0])); err != nil || was.String() != is.String() {
		t.Errorf("error %v: %q makes the plan\n%s, not\n%s", err, run.Manifest().Args, is.String(), was.String())
	}
}
