package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/harness"
	"lockquake/results"
)

func TestBenchMeasuresJudgesAndSaves(t *testing.T) {
	if underRace {
		t.Skip("it mostly draws; make test runs it without the race detector, too")
	}
	out := filepath.Join(t.TempDir(), "run")
	s := call(t, "bench", "members", "--strategy", "fastqueue", "--repeat", "1", "--duration", "50ms", "--warmup", "20ms", "--seed", "3", "--json", "--out", out)
	s.want(t, exitHeld, "lockquake bench: seed 3, 3 cells", "fastqueue at members=5", "x FLOOR", "RESULT: 3 of 3 cells held")
	lines := decoded[benchEvent](t, s.out)
	b := lines[len(lines)-2].Bench
	for _, row := range b.Rows {
		if row.Outcome != "held" || row.Clients != 8 || row.Rate.N != 1 || row.Requests.Median < 0.5 {
			t.Errorf("%+v", row)
		}
	}
	if again := strings.Join(b.Args[1:], " "); len(b.Rows) != 3 || again != "bench members --strategy=fastqueue --repeat=1 --duration=50ms --warmup=20ms --seed 3" {
		t.Errorf("%d rows; again: %s", len(b.Rows), again)
	}
	for _, file := range []string{"bench.json", "bench.txt", "cells/fastqueue__members_5__r1/history.jsonl.zst"} {
		if _, err := os.Stat(filepath.Join(out, file)); err != nil {
			t.Error(err)
		}
	}
}

// What is asked of a lock in an open loop is a share of what was measured before, of the same strategy in the same repeat.
func TestLoadIsAShareOfWhatWasMeasured(t *testing.T) {
	full := harness.Cell{Strategy: "mutex", Fault: harness.Calm, Setting: "load=closed", Repeat: 2}
	half := full
	half.Setting, half.Load = "load=0.5", 0.5
	run, err := results.Create(filepath.Join(t.TempDir(), "run"), results.Info{Cells: []results.CellName{full.Name(), half.Name()}})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := run.Cell(full.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		measured string
		rate     float64
	}{{`{"acquired": 80, "acquired_per_second": 80}`, 40}, {`{"acquired": 0}`, 0}, {"", 0}} {
		if err := os.WriteFile(stored.Path("stats.json"), []byte(tc.measured), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := loaded(run, half)
		if got.Rate != tc.rate || (err == nil) != (tc.rate > 0) || err != nil && !strings.Contains(err.Error(), "mutex at load=closed, repeat 2") {
			t.Errorf("%s: asked for %v a second, %v", tc.measured, got.Rate, err)
		}
	}
	if got, err := loaded(run, full); err != nil || got.Rate != 0 {
		t.Errorf("full speed is %v a second, %v", got.Rate, err)
	}
}
