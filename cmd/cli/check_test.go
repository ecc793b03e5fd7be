package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/results"
)

// stored copies a run that is kept with the tests, and gives its folder. To draw it takes ten times as long under the
// race detector, which finds nothing in it: make test does it without, by the names of the tests.
func stored(t *testing.T, name string) string {
	t.Helper()
	if underRace {
		t.Skip("pictures are drawn without the race detector")
	}
	dir := filepath.Join(t.TempDir(), filepath.Base(name))
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../../results/testdata", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A stored run is held against other thresholds without being carried out again, and remembers them.
func TestStoredRunIsHeldAgainstThresholds(t *testing.T) {
	dir := stored(t, "version1")
	calm := filepath.Join(dir, "cells/mutex__none__r1/history.jsonl.zst")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{dir + " --want promised --min-ops 3", exitThreshold, "min-ops missed: 2 acquired in 301 ms, 1 fewer than 3"},
		{dir, exitThreshold, "RESULT: 1 of 2 cells held, 1 missed a threshold"},
		{dir + " --want fenced --min-ops 0", exitBroken, "promise invalid: wanted fenced under pause-holder, was unsafe"},
		{calm + " --min-ops 3 --unknown pass", exitThreshold, "missed   exclusive"},
		{calm + " --min-ops 2", exitHeld, "held     exclusive"},
		{calm + " --max-p99 1ms", exitThreshold, "max-p99 missed: 99 % of 2 acquires took up to "},
	} {
		call(t, append([]string{"check"}, strings.Fields(c.args)...)...).want(t, c.code, c.says)
	}
}

// What the harness failed to carry out is not made good by judging what is left of it.
func TestFailedCellStaysFailed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	name := results.CellName{Strategy: "mutex", Fault: "hook", Repeat: 1}
	run, err := results.Create(dir, results.Info{Want: defaultWant, Cells: []results.CellName{name}})
	if err != nil {
		t.Fatal(err)
	}
	cell, err := run.Cell(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := cell.Fail(errors.New("heal hook: exit status 4")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		call(t, "check", dir).want(t, exitHarness, "FAILED", "heal hook: exit status 4", "1 failed")
	}
}
