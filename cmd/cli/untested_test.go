package cli

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lockquake/results"
)

func TestCellAgainIsTheRunButForTheOthers(t *testing.T) {
	for _, c := range []struct {
		run       string
		scenarios []string
		scenario  string
		cell      results.CellName
		want      string
	}{
		{"lockquake run --strategy=mutex,tutorial --fault=all --clients=9 --parallel=4 --seed 7", nil, "",
			results.CellName{Strategy: "tutorial", Fault: "ring", Repeat: 1}, "lockquake run --fault=ring --strategy=tutorial --clients=9 --seed 7"},
		{"lockquake run calm my/holder.yaml --strategy=all --repeat=5 --shard=1/4 --seed 7", []string{"calm", "my/holder.yaml"}, "my/holder.yaml",
			results.CellName{Strategy: "mutex", Fault: "holder", Repeat: 3}, "lockquake run my/holder.yaml --strategy=mutex --repeat=3 --seed 7"},
	} {
		if got := strings.Join(cellAgain(strings.Fields(c.run), c.scenarios, c.scenario, c.cell), " "); got != c.want {
			t.Errorf("%s: %v again is\n%s, want\n%s", c.run, c.cell, got, c.want)
		}
	}
}

// What the command line of a cell plans is that cell, whatever else the run has planned.
func TestCellAgainPlansTheSameCell(t *testing.T) {
	run := strings.Fields("lockquake run lease-expiry holder --strategy=tutorial,mutex+fence --repeat=2 --clients=4 --seed 7")
	scenarios := run[2:4]
	all := planned(t, run)
	if len(all) != 8 {
		t.Fatalf("%d cells, want 2 scenarios x 2 strategies x 2 repeats", len(all))
	}
	for _, of := range all {
		name := results.CellName{Strategy: of["strategy"].(string), Fault: of["fault"].(string), Repeat: int(of["repeat"].(float64))}
		cells := planned(t, cellAgain(run, scenarios, name.Fault, name))
		again := cells[len(cells)-1]
		if delete(of, "repeats"); len(cells) != name.Repeat {
			t.Errorf("%v again is one of %d cells", name, len(cells))
		}
		if delete(again, "repeats"); !reflect.DeepEqual(of, again) {
			t.Errorf("%v is planned as another cell", name)
		}
	}
}

func planned(t *testing.T, args []string) []map[string]any {
	t.Helper()
	var plan struct{ Cells []map[string]any }
	if err := json.Unmarshal([]byte(call(t, append(args[1:], "--plan-only")...).out), &plan); err != nil {
		t.Fatal(err)
	}
	return plan.Cells
}

func TestUntestedNamesAllThatWasLeftOut(t *testing.T) {
	a := app{catalogue: Builtin()}
	o := demoOptions()
	s, err := a.choose(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	u := a.untested(s)
	if slices.Contains(u.Strategies, "mutex") || !slices.Contains(u.Strategies, "tutorial") || len(u.Strategies)+2 != len(a.catalogue.Strategies) {
		t.Errorf("strategies %q", u.Strategies)
	}
	if slices.Contains(u.Faults, "pause-holder") || !slices.Contains(u.Faults, "ring") || len(u.Faults)+1 != len(a.catalogue.Faults) {
		t.Errorf("faults %q", u.Faults)
	}
	said := strings.Join(u.Cannot, "\n")
	for _, text := range []string{"pause-leader, pause-follower", "of kind embed cannot pause members: one of kind process can", "ring, bridge: a cluster of kind embed has 3 members, and 5 are needed", "hook: "} {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not said in\n%s", text, said)
		}
	}
	for _, cluster := range clusterNames() {
		if len(blindSpots(cluster)) == 0 {
			t.Errorf("a cluster of kind %s shows everything", cluster)
		}
	}
}
