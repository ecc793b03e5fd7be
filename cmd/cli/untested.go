package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lockquake/harness"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// untested is what a run leaves out of what there is.
func (a app) untested(s selection) *results.Untested {
	u := &results.Untested{LeftOut: s.leftOut}
	for _, name := range names(a.catalogue.Strategies) {
		if _, tried := s.strategies[name]; !tried {
			u.Strategies = append(u.Strategies, name)
		}
	}
	for _, e := range a.catalogue.Faults {
		if _, tried := s.faults[e.Name]; !tried {
			u.Faults = append(u.Faults, e.Name)
		}
	}
	for _, cluster := range clusterNames() {
		if kind, used := s.kinds[cluster]; used {
			u.Cannot = append(append(u.Cannot, a.impossible(cluster, kind, s.plan)...), blindSpots(cluster)...)
		}
	}
	return u
}

// impossible are the faults that a kind of cluster cannot do, a line for each reason.
func (a app) impossible(cluster string, kind harness.Kind, plan harness.Plan) []string {
	members := 0
	for _, c := range plan.Cells {
		if c.Cluster == cluster {
			members = max(members, c.Members)
		}
	}
	var reasons []string
	faults := map[string][]string{}
	for _, e := range a.catalogue.Faults {
		if unmet := e.Value.Requires().Unmet(kind.Abilities, members); unmet != "" {
			reasons = appendNew(reasons, unmet)
			faults[unmet] = append(faults[unmet], e.Name)
		}
	}
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%s: a cluster of kind %s %s", strings.Join(faults[reason], ", "), cluster, reason)
	}
	return reasons
}

// blindSpots are what nothing on a kind of cluster shows.
func blindSpots(cluster string) []string {
	const (
		clock = "Clocks that run apart: all members and clients read one clock."
		disk  = "A power failure, and a disk that is full, slow or lies: what a member that is killed has written is there when it is back."
	)
	switch cluster {
	case scenario.Embed:
		return []string{"A member that is starved of memory or of cores by itself: all members and clients share this process.", clock, disk}
	case scenario.Process:
		return []string{"A member whose machine fails: all of them run on this one.", clock, disk}
	case scenario.External:
		return []string{"What the members do to each other, and what harms them: only clients were harmed, and members by your own commands."}
	case scenario.Virtual:
		return []string{"Sockets, the scheduler and the disk of a real machine: time is virtual, and links are in memory.", clock, disk}
	}
	return nil
}

// cellAgain is the command line that makes one cell of a run again, as the last of its repeats: that of the run, for
// this strategy, under this fault or scenario, alone.
func cellAgain(run, scenarios []string, scenario string, cell results.CellName) []string {
	const command = 2 // the program, and run
	args := slices.Clone(run[:command])
	if scenario != "" {
		args = append(args, scenario)
	} else {
		args = append(args, "--fault="+cell.Fault)
	}
	args = append(args, "--strategy="+cell.Strategy)
	if cell.Repeat > 1 {
		args = append(args, "--repeat="+strconv.Itoa(cell.Repeat))
	}
	for _, arg := range run[command+len(scenarios):] {
		flag, _, _ := strings.Cut(arg, "=")
		if !slices.Contains([]string{"--strategy", "--fault", "--repeat", "--shard", "--parallel"}, flag) {
			args = append(args, arg)
		}
	}
	return args
}
