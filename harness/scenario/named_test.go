package scenario_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

func parsed(t *testing.T) map[string]scenario.Scenario {
	t.Helper()
	all := map[string]scenario.Scenario{}
	for _, f := range scenario.Named() {
		s, err := f.Parse(known())
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if s.Name != f.Name || s.Doc == "" || s.Settings.Duration == 0 {
			t.Errorf("%s is called %q, doc %q, lasts %v", f.Name, s.Name, s.Doc, s.Settings.Duration)
		}
		all[f.Name] = s
	}
	return all
}

func TestAllNamedScenariosAreListedOnce(t *testing.T) {
	files, err := os.ReadDir("named")
	if all := parsed(t); err != nil || len(files) != len(all) || len(all) != len(scenario.Named()) {
		t.Errorf("%d files and %d scenarios, error %v", len(files), len(all), err)
	}
}

func TestNamedScenariosNeedProcessesOnlyWhereTheySaySo(t *testing.T) {
	pausing := 0
	for name, s := range parsed(t) {
		pauses := slices.ContainsFunc(s.Rules, func(r scenario.Rule) bool {
			return strings.HasPrefix(r.Fault, "pause-") && !r.Aim.Role.OfClient()
		})
		if pauses {
			pausing++
		}
		if pauses != (s.Settings.Cluster == scenario.Process) {
			t.Errorf("%s: pauses members: %v; cluster %q", name, pauses, s.Settings.Cluster)
		}
	}
	if pausing == 0 {
		t.Error("none pauses members")
	}
}

// The named scenarios are the documentation by example: all that can be written is in one of them.
func TestNamedScenariosShowEveryField(t *testing.T) {
	var all strings.Builder
	for _, f := range scenario.Named() {
		all.WriteString("\n" + string(f.Text))
	}
	for _, field := range []string{
		"\ndoc: ", "\ncluster: ", "\nstrategies: ", "\nmembers: ", "\nclients: ", "\nkeys: ", "\nttl: ", "\nhold: ", "\nwarmup: ",
		"\nduration: ", "\nresource: ", "\nrepeat: ", "\nfaults:", " fault: ", " target: ", " every: ", " jitter: ", " for: ",
		" when: acquired", " when: releasing", " when: waiting", " when: renewed", " when: leader-changed", " when: anytime",
		" probability: ", " limit: ", " after: ",
	} {
		if !strings.Contains(all.String(), field) {
			t.Errorf("no named scenario shows %q", field)
		}
	}
}

func TestJepsenLockSetIsTheRecipe(t *testing.T) {
	s := parsed(t)["jepsen-lock-set"]
	const second = 1000 * ms
	if got := s.Settings; got.Cluster != scenario.Process || got.Members != 5 || got.Clients != 5 || got.TTL != 2*second ||
		got.Hold != (scenario.Range{To: 2 * second}) || got.Duration != 120*second || got.Resource != scenario.InEtcd {
		t.Errorf("settings %+v", got)
	}
	pause := scenario.Rule{Every: 10 * second, Jitter: 500 * ms, For: scenario.Span{TTLs: 1.5}, Probability: 1}
	leader, all := pause, pause
	leader.After, all.After = second, 6*second
	leader.Fault, leader.Aim = "pause-leader", nemesis.Aim{Fault: lasting{}, Role: nemesis.Leader}
	all.Fault, all.Aim = "pause-all", nemesis.Aim{Fault: lasting{}, Role: nemesis.All}
	if !slices.Equal(s.Rules, []scenario.Rule{leader, all}) {
		t.Errorf("rules %+v", s.Rules)
	}
}
