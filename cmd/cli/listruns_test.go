package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

const storedManifest = `{"version": 1, "seed": 7, "args": ["lockquake", "run", "--exec", "my lock"], "start": "2026-11-22T23:00:00Z", "end": "2026-11-22T23:00:30Z",
"cells": [
 {"strategy": "mutex", "fault": "none", "repeat": 1, "folder": "a", "state": "done", "grade": "exclusive", "validity": "valid"},
 {"strategy": "none", "fault": "none", "repeat": 1, "folder": "b", "state": "done", "grade": "unsafe", "validity": "invalid"},
 {"strategy": "stm", "fault": "none", "repeat": 1, "folder": "c", "state": "planned"}]}`

func TestListRunsShowsTheNewestFirstAndDamage(t *testing.T) {
	t.Chdir(t.TempDir())
	call(t, "list", "runs").want(t, exitHeld, "no runs in results/runs: make one with lockquake run")
	storeRun(t, "results/runs/old", storedManifest)
	storeRun(t, "results/runs/new", strings.ReplaceAll(storedManifest, "11-22", "11-23"))
	storeRun(t, "results/runs/broken", "{")
	s := call(t, "list", "runs")
	s.want(t, exitHeld, "lockquake run --exec 'my lock'", "2026-11-22 23:00", "30s", "damaged: open run results/runs/broken: run.json is garbled")
	if strings.Index(s.out, "\nnew ") > strings.Index(s.out, "\nold ") {
		t.Errorf("the newest is not first:\n%s", s.out)
	}
	var listed []listedRun
	if err := json.Unmarshal([]byte(call(t, "list", "runs", "results/runs", "--json").out), &listed); err != nil {
		t.Fatal(err)
	}
	if len(listed) != 3 || listed[0].Damage == "" || listed[2].Name != "old" || listed[2].TookMS != 30_000 || len(listed[2].Outcomes) != 3 {
		t.Errorf("%+v", listed)
	}
}

func TestListsAreJSONToo(t *testing.T) {
	var parts map[string][]map[string]any
	if err := json.Unmarshal([]byte(call(t, "list", "--json").out), &parts); err != nil {
		t.Fatal(err)
	}
	for _, p := range Builtin().parts() {
		if len(parts[p.name]) < len(p.make().rows) {
			t.Errorf("%s has %d entries, and %d in the table", p.name, len(parts[p.name]), len(p.make().rows))
		}
	}
	var faults []listedFault
	if err := json.Unmarshal([]byte(call(t, "list", "faults", "--json").out), &faults); err != nil || faults[0].Members != 3 || len(faults[0].Clusters) != 3 {
		t.Errorf("%v: %+v", err, faults[:1])
	}
	call(t, "list", "scenarios", "holder", "--json").want(t, exitUsage, "--json goes with a list")
}
