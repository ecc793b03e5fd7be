package cli

import (
	"errors"
	"path/filepath"
	"testing"

	"lockquake/results"
)

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
