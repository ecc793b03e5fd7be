package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/results"
)

// Each version of run.json has a run that it wrote. That of version 2 is in two shards, with thresholds. None of them is
// ever written anew: a new version gets a folder of its own, by the last build that writes it.
func storedVersions() map[int][]string {
	return map[int][]string{1: {"version1"}, 2: {"version2/shard1", "version2/shard2"}}
}

func TestEveryVersionHasARunThatItWrote(t *testing.T) {
	for v := 1; v <= results.Version; v++ {
		if len(storedVersions()[v]) == 0 {
			t.Errorf("none is of version %d", v)
		}
		for _, name := range storedVersions()[v] {
			var m struct{ Version int }
			text, err := os.ReadFile(filepath.Join("../../results/testdata", name, "run.json"))
			if err != nil || json.Unmarshal(text, &m) != nil || m.Version != v {
				t.Errorf("%s is of version %d, want %d: %v", name, m.Version, v, err)
			}
		}
	}
}

// What an older version wrote is reported as it is, judged again to the same end, and compared.
func TestStoredRunsOfOlderVersionsStayReadable(t *testing.T) {
	for version, want := range map[string]struct {
		code int
		says string
	}{
		"version1":        {exitBroken, "RESULT: 1 of 2 cells held, 1 broken; seed 3; exit 1"},
		"version2/shard1": {exitBroken, "RESULT: shard 1 of 2: 0 of 1 cells held, 1 broken; seed 4; exit 1"},
		"version2/shard2": {exitThreshold, "RESULT: shard 2 of 2: 0 of 1 cells held, 1 missed a threshold; seed 4; exit 4"},
	} {
		t.Run(version, func(t *testing.T) {
			dir := stored(t, version)
			for _, f := range results.Formats() {
				call(t, "report", dir, "-o", f.Name).want(t, exitHeld, "")
			}
			before := outcomes(t, dir)
			call(t, "check", dir).want(t, want.code, want.says)
			if after := outcomes(t, dir); after != before {
				t.Errorf("before it was judged again\n%s\nafter\n%s", before, after)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "run.json")); err != nil || !strings.Contains(string(text), fmt.Sprintf(`"version": %d,`, results.Version)) {
				t.Errorf("what is written is not of this version: %v", err)
			}
		})
	}
	call(t, "compare", stored(t, "version1"), stored(t, "version2/shard2")).want(t, exitUnknown, "mutex     none", "same")
}

// outcomes are how the cells of a stored run came out, without the words for it.
func outcomes(t *testing.T, dir string) (all string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(call(t, "report", dir, "-o", "csv").out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		all += strings.Join(row[:6], " ") + "\n"
	}
	return all
}

// The shards of a run make the same run again, whatever is on hand; what is missing is named, and nothing is joined to
// what it is no part of.
func TestStoredShardsAreMerged(t *testing.T) {
	one, two, other := stored(t, "version2/shard1"), stored(t, "version2/shard2"), stored(t, "version1")
	dir := t.TempDir()
	out := func(name string) string { return filepath.Join(dir, name) }
	call(t, "merge", two, one, "--out", out("all")).want(t, exitBroken, "lockquake merge: seed 4, 2 cells of 2 runs, written to "+out("all"),
		"min-ops missed: 1 acquired", "RESULT: 0 of 2 cells held, 1 broken, 1 missed a threshold; seed 4; exit 1")
	call(t, "merge", out("all"), one, "--out", out("again")).want(t, exitBroken, "0 of 2 cells held")
	for _, name := range []string{"run.json", "junit.xml", "report.html", "cells/mutex__none__r1/history.jsonl.zst"} {
		a, err := os.ReadFile(filepath.Join(out("all"), name))
		b, errB := os.ReadFile(filepath.Join(out("again"), name))
		if err != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s is another one once it was merged again: %v, %v", name, err, errB)
		}
	}
	call(t, "merge", two, "--out", out("half")).want(t, exitUnknown, "shard 2 of 2", "missing: shard 1 of 2: mutex under pause-holder",
		"RESULT: shard 2 of 2: 0 of 2 cells held, 1 missed a threshold, 1 not done; seed 4; exit 3")
	call(t, "merge", two, other, "--out", out("no")).want(t, exitUsage, "it does not say which plan it is of")
	call(t, "merge", two, one, "--out", out("all")).want(t, exitUsage, "it has files in it: name a new or an empty folder")
	call(t, "check", one, "--max-p99", "3s", "--want", "fenced")
	call(t, "merge", one, two, "--out", out("no")).want(t, exitUsage, "different things are wanted of their cells")
}
