package locktest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/results"
	"lockquake/workloads/locks"
)

func chosen(t *testing.T, options ...Option) (names string) {
	t.Helper()
	g, err := choose("TestLock", locks.Mutex, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range g.trials {
		names += " " + tr.Scenario.Name
	}
	return strings.TrimSpace(names)
}

func TestFaultsAreTheCoreOnesOrThoseThatAreNamed(t *testing.T) {
	for want, options := range map[string][]Option{
		"none isolate-leader isolate-holder revoke-holder pause-holder kill-leader": nil,
		"none isolate-leader isolate-holder pause-holder kill-leader":               {Without(nemesis.OnLease)},
		"crash-holder none":              {Faults("crash-holder", "none", "crash-holder")},
		"holder mine":                    {Scenario("holder"), ScenarioText("mine", "strategies: [of, others]\nfaults: []\n")},
		"crash-holder lease-expiry none": {Faults("crash-holder"), Scenario("lease-expiry"), Faults("none")},
	} {
		if got := chosen(t, options...); got != want {
			t.Errorf("chosen are %s, want %s", got, want)
		}
	}
	every := chosen(t, Faults(All))
	if strings.Contains(every, "pause-leader") || strings.Contains(every, "bridge") || !strings.Contains(every, "slow-waiter") {
		t.Errorf("all are %s", every)
	}
	if five := chosen(t, Faults(All), Members(5)); !strings.Contains(five, "bridge") {
		t.Errorf("all of five members are %s", five)
	}
}

// What options say goes before a scenario, and a scenario before what is usual.
func TestSettings(t *testing.T) {
	g, err := choose("TestLock", locks.Mutex, []Option{
		ScenarioText("mine", "clients: 7\nttl: 2s\nfaults: []\n"), TTL(3 * time.Second), Hold(0, time.Second), Workload("many-keys"),
		Set(func(s *harness.Settings) { s.Warmup = time.Second }), Want(checker.LeaseBounded, checker.Unsafe), Known("release"), Fenced(),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := harness.Usual()
	want.Clients, want.TTL, want.Keys, want.Workload, want.Warmup = 7, 3*time.Second, 64, "many-keys", time.Second
	want.Hold.From, want.Hold.To = 0, time.Second
	trial := g.trials[0]
	if trial.Settings != want || !trial.Subjects[0].Fenced || trial.Subjects[0].Name != "TestLock" {
		t.Errorf("settings are %+v of %+v, want %+v", trial.Settings, trial.Subjects, want)
	}
	if p := g.promise; p.Calm != checker.LeaseBounded || p.Faults != checker.Unsafe || !slices.Equal(p.Known, []string{"release"}) {
		t.Errorf("wanted is %+v", p)
	}
}

// Thresholds of an option go before those of a scenario, and a grade that is wanted before its want.
func TestWants(t *testing.T) {
	strict := ScenarioText("mine", "want: lease-bounded\nmax-p99: 50ms\nmin-ops: 7\nfaults: []\n")
	for name, c := range map[string]struct {
		options []Option
		want    checker.Want
		limits  results.Limits
	}{
		"as usual":        {nil, checker.Promised, results.Limits{}},
		"by options":      {[]Option{MaxP99(time.Second), MaxGap(2 * time.Second), MinOps(3)}, checker.Promised, results.Limits{MaxP99: time.Second, MaxGap: 2 * time.Second, MinOps: 3}},
		"by the scenario": {[]Option{strict}, checker.AtLeastLeaseBounded, results.Limits{MaxP99: 50 * time.Millisecond, MinOps: 7}},
		"by both":         {[]Option{strict, MaxP99(time.Second), Want(checker.Unsafe, checker.Unsafe)}, checker.Promised, results.Limits{MaxP99: time.Second, MinOps: 7}},
	} {
		g, err := choose("TestLock", locks.Mutex, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if tr := g.trials[0]; tr.want != c.want || tr.limits != c.limits {
			t.Errorf("%s: %v and %+v, want %v and %+v", name, tr.want, tr.limits, c.want, c.limits)
		}
	}
}

func TestSeedOfTheEnvironmentGoesFirst(t *testing.T) {
	for variable, want := range map[string]uint64{"": 7, "4711": 4711} {
		t.Setenv(seedVariable, variable)
		if g, err := choose("TestLock", locks.Mutex, []Option{Seed(7)}); err != nil || g.seed != want {
			t.Errorf("%s=%s gives seed %d, error %v", seedVariable, variable, g.seed, err)
		}
	}
	t.Setenv(seedVariable, "-1")
	if _, err := choose("TestLock", locks.Mutex, nil); err == nil || err.Error() != `LOCKQUAKE_SEED is "-1": give the number that a test has printed` {
		t.Error(err)
	}
}

func TestWrongOptionsAreAnsweredInOneLine(t *testing.T) {
	for want, option := range map[string]Option{
		`there is no fault "pause-holdr": did you mean "pause-holder"?`:  Faults("pause-holdr"),
		"no Faults are named: give at least one":                         Faults(),
		"fault pause-leader: a cluster of kind embed cannot pause":       Faults("pause-leader"),
		"fault bridge: a cluster of kind embed has 3 members, and 5":     Faults("bridge"),
		`there is no scenario "holdr": did you mean "holder"?`:           Scenario("holdr"),
		"read scenario: open nowhere.yaml: no such file":                 Scenario("nowhere.yaml"),
		"mine.yaml:1:1: a scenario has no \"fault\": did you mean":       ScenarioText("mine", "fault: []"),
		"it asks for a cluster of kind process, and this test has embed": Scenario("jepsen-lock-set"),
		"Want is given something that is not a grade":                    Want(checker.Exclusive, checker.Ungraded),
		`Known is given "fencing": give grant, release or progress`:      Known("fencing"),
		`there is no workload "write": give one of register,`:            Workload("write"),
		"permits is 2: workload register has one writer at a time":       Set(func(s *harness.Settings) { s.Permits = 2 }),
		"MaxP99 is given 0s: give more than 0":                           MaxP99(0),
		"MaxGap is given -1s: give more than 0":                          MaxGap(-time.Second),
		"MinOps is given 0: give more than 0":                            MinOps(0),
		"members is 2: give an odd number":                               Members(2),
		"clients is 0: give a number from 1":                             Clients(0),
		"repeat is 0: give a number from 1":                              Repeat(0),
		"ttl is 100ms: give whole seconds":                               TTL(100 * time.Millisecond),
		"duration is 0s: give a positive":                                Duration(0),
		"Hold is given 2s and 1s: give the lower end first":              Hold(2*time.Second, time.Second),
	} {
		_, err := choose("TestLock", locks.Mutex, []Option{option})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := choose("TestLock", nil, nil); err == nil || !strings.Contains(err.Error(), "there is no strategy: give") {
		t.Error(err)
	}
	outside := []Option{Virtual(time.Hour), Without(nemesis.ThroughClient)}
	if _, err := choose("TestLock", locks.Mutex, outside); err == nil || !strings.Contains(err.Error(), "Virtual: the lock does not talk to etcd through its client") {
		t.Error(err)
	}
	aimless := []Option{Faults("revoke-holder"), Without(nemesis.OnLease)}
	if _, err := choose("TestLock", locks.Mutex, aimless); err == nil || !strings.Contains(err.Error(), "fault revoke-holder: the lock lives on no lease") {
		t.Error(err)
	}
}
