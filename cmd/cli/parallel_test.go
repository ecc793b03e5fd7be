package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// Cells that are carried out at the same time each have a cluster, and a folder, of their own.
func TestCellsInParallelKeepToThemselves(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	call(t, "run", "--strategy", "mutex", "--fault", "none", "--repeat", "3", "--parallel", "3", "--duration", "100ms", "--warmup", "1ms",
		"--members", "1", "--seed", "5", "--out", out).want(t, exitHeld, "RESULT: 3 of 3 cells held")
	for _, cell := range []string{"r1", "r2", "r3"} {
		if _, err := os.Stat(filepath.Join(out, "cells", "mutex__none__"+cell, "member-m0.log")); err != nil {
			t.Error(err)
		}
	}
}
