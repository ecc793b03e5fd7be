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
	dir, paused := stored(t, "version2/shard2"), filepath.Join(stored(t, "version1"), "cells/mutex__pause-holder__r1/history.jsonl.zst")
	calm := filepath.Join(dir, "cells/mutex__none__r1/history.jsonl.zst")
	whole, err := os.ReadFile(calm)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.jsonl.zst")
	write(t, cut, string(whole[:len(whole)/2]))
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{dir + " --min-ops 1 --want promised", exitHeld, "held     exclusive"},
		{dir, exitHeld, "1 of 1 cells held"},
		{dir + " --min-ops 3", exitThreshold, "min-ops missed: 1 acquired in 302 ms, 2 fewer than 3"},
		{paused + " --want promised", exitHeld, "held     unsafe"},
		{paused + " --want fenced", exitBroken, "promise invalid: wanted fenced under pause-holder, was unsafe"},
		{calm + " --min-ops 3 --unknown pass", exitThreshold, "missed   exclusive"},
		{calm + " --min-ops 1", exitHeld, "held     exclusive"},
		{cut + " --max-gap 1h", exitUnknown, "max-gap unknown: nobody was granted the lock for"},
		{cut + " --unknown pass", exitHeld, "RESULT: 0 of 1 cells held, 1 unknown and let pass; seed 4; exit 0"},
		{calm + " --max-p99 1ms", exitThreshold, "max-p99 missed: the only acquire took "},
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
