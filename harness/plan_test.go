package harness

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

func settings() Settings {
	return Settings{
		Members: 3, Clients: 5, Keys: 2, TTL: time.Second, Hold: scenario.Range{From: 25 * time.Millisecond, To: 75 * time.Millisecond},
		Warmup: 500 * time.Millisecond, Duration: 3 * time.Second, Resource: scenario.InMemory, Loss: scenario.Heeded, Repeats: 2,
		Workload: "register", Permits: 1, Spread: scenario.Uniform,
	}
}

// single is a scenario of one fault, as --fault makes it.
func single(name string, fault nemesis.Fault, role nemesis.Role, moment nemesis.Moment) scenario.Scenario {
	return scenario.Scenario{Name: name, Rules: []scenario.Rule{
		{Fault: name, Aim: nemesis.Aim{Fault: fault, Role: role, Moment: moment}, Probability: 1},
	}}
}

func trials(s Settings, scenarios ...scenario.Scenario) (all []Trial) {
	for _, recipe := range scenarios {
		all = append(all, Trial{Scenario: recipe, Settings: s, Subjects: subjects})
	}
	return all
}

var (
	subjects  = []Subject{{Name: "mutex"}, {Name: "mutex+fence", Fenced: true}}
	scenarios = []scenario.Scenario{
		{Name: "calm"},
		single("pause-holder", nemesis.PauseClient{}, nemesis.Holder, nemesis.Acquired),
		single("revoke-holder", nemesis.RevokeLease{}, nemesis.Holder, nemesis.Acquired),
	}
)

func TestSameSeedSamePlan(t *testing.T) {
	one, two := Draw(7, trials(settings(), append(scenarios, timed)...)), Draw(7, trials(settings(), append(scenarios, timed)...))
	if !bytes.Equal(one.JSON(), two.JSON()) {
		t.Error("two drawings of one seed differ")
	}
	if bytes.Equal(one.JSON(), Draw(8, trials(settings(), append(scenarios, timed)...)).JSON()) {
		t.Error("another seed draws the same plan")
	}
}

func TestPlanHasEveryCellRepeatByRepeat(t *testing.T) {
	plan := Draw(7, trials(settings(), scenarios...))
	if len(plan.Cells) != 12 {
		t.Fatalf("%d cells, want 2 strategies x 3 faults x 2 repeats", len(plan.Cells))
	}
	for i, c := range plan.Cells {
		if want := i/6 + 1; c.Repeat != want {
			t.Errorf("cell %d is of repeat %d, want %d", i, c.Repeat, want)
		}
		if c.Fenced != strings.HasSuffix(c.Strategy, "+fence") {
			t.Errorf("%s: fenced is %v", c.Strategy, c.Fenced)
		}
	}
}

func TestStrategiesOfOneRepeatGetTheSameSchedule(t *testing.T) {
	plan := Draw(7, trials(settings(), scenarios...))
	a, b := plan.Cells[2], plan.Cells[3]
	if a.Fault != b.Fault || a.Strategy == b.Strategy {
		t.Fatalf("cells are %s/%s and %s/%s", a.Strategy, a.Fault, b.Strategy, b.Fault)
	}
	same := func(x, y any) bool {
		i, _ := json.Marshal(x)
		j, _ := json.Marshal(y)
		return bytes.Equal(i, j)
	}
	if !same(a.Schedules, b.Schedules) || !same(a.Processes, b.Processes) {
		t.Error("two strategies under one fault met different schedules")
	}
	if again := plan.Cells[8]; same(a.Schedules, again.Schedules) {
		t.Error("two repeats met the same schedule")
	}
}

func TestInjectionsFillTheDurationOneAfterTheOther(t *testing.T) {
	s := settings()
	s.Duration = 30 * time.Second
	for _, recipe := range append(slices.Clone(scenarios[1:]), timed) {
		for seed := range uint64(50) {
			for _, schedule := range Draw(seed, trials(s, recipe)).Cells[0].Schedules {
				if len(schedule.Injections) == 0 {
					t.Fatalf("%s, seed %d: no injection", recipe.Name, seed)
				}
				var free time.Duration
				for _, in := range schedule.Injections {
					if in.At < free {
						t.Errorf("%s, seed %d: an injection at %v begins before %v", recipe.Name, seed, in.At, free)
					}
					free = in.At + in.For
				}
				if free > s.Duration {
					t.Errorf("%s, seed %d: the last injection ends at %v of %v", recipe.Name, seed, free, s.Duration)
				}
			}
		}
	}
	if calm := Draw(7, trials(s, scenarios[0])).Cells[0]; len(calm.Schedules) != 0 || calm.Fault != Calm {
		t.Errorf("a calm cell is under %s, with %v", calm.Fault, calm.Schedules)
	}
}

// timed has a rule by time, and one that lets moments go by.
var timed = scenario.Scenario{Name: "timed", Rules: []scenario.Rule{
	{
		Fault: "pause-holder", Aim: nemesis.Aim{Fault: nemesis.PauseClient{}, Role: nemesis.Holder},
		After: 4 * time.Second, Every: 5 * time.Second, Jitter: 3 * time.Second,
		For: scenario.Span{TTLs: 1, Plus: time.Second}, Probability: 1,
	},
	{
		Fault: "revoke-holder", Aim: nemesis.Aim{Fault: nemesis.RevokeLease{}, Role: nemesis.Holder, Moment: nemesis.Acquired},
		Probability: 0.2, Limit: 3,
	},
}}

func TestRulesAreDrawnAsTheySay(t *testing.T) {
	s := settings()
	s.Duration = time.Minute
	var skipped, strays int
	for seed := range uint64(50) {
		cell := Draw(seed, trials(s, timed)).Cells[0]
		first, second := cell.Schedules[0], cell.Schedules[1]
		if at := first.Injections[0].At; at < time.Second || at >= 7500*time.Millisecond {
			t.Errorf("seed %d: the first comes at %v, want 4 s and up to 0.5 s, give or take 3 s", seed, at)
		}
		if n := len(first.Injections); n < 10 || n > 12 {
			t.Errorf("seed %d: %d injections in a minute, every 5 s", seed, n)
		}
		if n := len(second.Injections); n != 3 {
			t.Errorf("seed %d: %d injections, want the limit of 3", seed, n)
		}
		for i, in := range first.Injections {
			if in.For != 2*time.Second || in.Skip != 0 {
				t.Errorf("seed %d: %+v, want for 2 s", seed, in)
			}
			if i > 0 && in.At-first.Injections[i-1].At != 5*time.Second {
				strays++
			}
		}
		for _, in := range second.Injections {
			skipped += in.Skip
		}
	}
	if strays == 0 {
		t.Error("no jitter")
	}
	if mean := float64(skipped) / 150; mean < 3 || mean > 5 {
		t.Errorf("%.1f moments go by on average, want 4 at a probability of 0.2", mean)
	}
}

func TestZipfPrefersFewKeys(t *testing.T) {
	s := settings()
	s.Keys, s.Clients = 64, 100
	first := func(spread string) (n int) {
		s.Spread = spread
		for _, p := range Draw(7, trials(s, scenarios[0])).Cells[0].Processes {
			for _, round := range p.Rounds {
				if round.Key < 0 || round.Key >= s.Keys {
					t.Fatalf("key %d of %d", round.Key, s.Keys)
				}
				if round.Key == 0 {
					n++
				}
			}
		}
		return n
	}
	if uniform, zipf := first(scenario.Uniform), first(scenario.Zipf); uniform > 100 || zipf < 500 {
		t.Errorf("the first of 64 keys gets %d and %d of 3200 rounds, want about 50 and 800", uniform, zipf)
	}
}

func TestReadersAreTheirShareAndChangeNothingElse(t *testing.T) {
	trial := trials(settings(), scenarios[0])
	alone := Draw(7, trial).Cells[0]
	trial[0].Readers = 0.8
	shared := Draw(7, trial).Cells[0]
	readers := 0
	for c := range shared.Processes {
		for i := range shared.Processes[c].Rounds {
			if shared.Processes[c].Rounds[i].Shared {
				readers++
			}
			shared.Processes[c].Rounds[i].Shared = false
		}
	}
	if readers < 100 || readers > 155 {
		t.Errorf("%d of 160 rounds only read, want 128", readers)
	}
	if !reflect.DeepEqual(alone, shared) {
		t.Error("with readers the rest is drawn differently")
	}
}

func TestArrivalsComeAtTheirRate(t *testing.T) {
	s := settings()
	s.Rate = 100
	arrivals := Draw(7, trials(s, scenarios[0])).Cells[0].Arrivals
	if n := len(arrivals); n < 900 || n > 1100 {
		t.Errorf("%d arrivals in 10 s, want 1000", n)
	}
	if !slices.IsSorted(arrivals) || arrivals[0] == 0 {
		t.Error("arrivals are not in their order")
	}
	s.Rate = 0
	if n := len(Draw(7, trials(s, scenarios[0])).Cells[0].Arrivals); n != 0 {
		t.Errorf("%d arrivals in a closed loop", n)
	}
}

// A duration that is too short for the fault still gets one injection: else nothing was tried.
func TestShortDurationStillGetsOneInjection(t *testing.T) {
	s := settings()
	s.Duration = time.Millisecond
	if n := len(Draw(7, trials(s, scenarios[1])).Cells[0].Schedules[0].Injections); n != 1 {
		t.Errorf("%d injections, want 1", n)
	}
}

func TestScenarioSettingsTakeTheirPlace(t *testing.T) {
	got := settings().Under(scenario.Settings{Members: 5, TTL: 2 * time.Second, Resource: scenario.InEtcd})
	want := settings()
	want.Members, want.TTL, want.Resource = 5, 2*time.Second, scenario.InEtcd
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestSettingsOutOfRangeAreNamed(t *testing.T) {
	if err := settings().Validate(Kind{MinTTL: time.Second}); err != nil {
		t.Fatalf("good settings: %v", err)
	}
	for want, change := range map[string]func(*Settings){
		"clients is 0: give a number from 1":       func(s *Settings) { s.Clients = 0 },
		"keys is -1":                               func(s *Settings) { s.Keys = -1 },
		"repeat is 0":                              func(s *Settings) { s.Repeats = 0 },
		"members is 4: give an odd number":         func(s *Settings) { s.Members = 4 },
		"members is 11":                            func(s *Settings) { s.Members = 11 },
		"warmup is -1s":                            func(s *Settings) { s.Warmup = -time.Second },
		"duration is -3s: give a positive":         func(s *Settings) { s.Duration = -3 * time.Second },
		"ttl is 1.5s: give whole seconds":          func(s *Settings) { s.TTL = 1500 * time.Millisecond },
		"ttl is 1s: give at least 2s":              func(s *Settings) { s.TTL = time.Second },
		"permits is 0":                             func(s *Settings) { s.Permits = 0 },
		"rate is -1: give acquires a second":       func(s *Settings) { s.Rate, s.TTL = -1, 2*time.Second },
		"rate is NaN":                              func(s *Settings) { s.Rate, s.TTL = math.NaN(), 2*time.Second },
		`spread is "wide": give uniform or zipf`:   func(s *Settings) { s.Spread, s.TTL = "wide", 2*time.Second },
		`loss is "hidden": give heeded or ignored`: func(s *Settings) { s.Loss, s.TTL = "hidden", 2*time.Second },
		`resource is "disk": give memory or etcd`:  func(s *Settings) { s.Resource, s.TTL = "disk", 2*time.Second },
	} {
		s := settings()
		if !strings.Contains(want, "ttl is 1s") {
			s.TTL = 2 * time.Second
		}
		change(&s)
		if err := s.Validate(Kind{MinTTL: 2 * time.Second}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A bench has its repeats one after the other, each in an order of its own; what needs to know others comes after them.
func TestInterleavedPlanDoesEachCellOnce(t *testing.T) {
	loaded := settings()
	loaded.Load = 0.5
	plan := Draw(7, append(trials(loaded, scenarios[0]), trials(settings(), scenarios...)...))
	plan.Interleave()
	again := Draw(7, append(trials(loaded, scenarios[0]), trials(settings(), scenarios...)...))
	again.Interleave()
	if !slices.Equal(plan.Turns(), again.Turns()) || slices.IsSorted(plan.Turns()) {
		t.Errorf("one seed gives the orders %v and %v", plan.Turns(), again.Turns())
	}
	if listed := slices.Sorted(slices.Values(plan.Turns())); !slices.Equal(listed, (Plan{Cells: plan.Cells}).Turns()) {
		t.Errorf("%v are not all of %d cells", plan.Turns(), len(plan.Cells))
	}
	for i, turn := range plan.Turns()[1:] {
		before, now := plan.Cells[plan.Turns()[i]], plan.Cells[turn]
		if now.Repeat < before.Repeat || now.Repeat == before.Repeat && before.Load > 0 && now.Load == 0 {
			t.Errorf("%v comes after %v", now.Name(), before.Name())
		}
	}
}

// The rate of what is asked for is known when what can be done was measured; the seed says the rest.
func TestLoadedCellAsksForItsShare(t *testing.T) {
	s := settings()
	s.Load = 0.5
	cell := Draw(7, trials(s, scenarios[0])).Cells[0]
	if len(cell.Arrivals) != 0 {
		t.Fatalf("%d arrivals are planned at an unknown rate", len(cell.Arrivals))
	}
	slow, fast := cell.Loaded(40), cell.Loaded(400)
	if slow.Rate != 20 || !slices.Equal(slow.Arrivals, cell.Loaded(40).Arrivals) {
		t.Errorf("half of 40 a second are %v", slow.Rate)
	}
	if ratio := float64(len(fast.Arrivals)) / float64(len(slow.Arrivals)); ratio < 8 || ratio > 12 {
		t.Errorf("%d arrivals at 20 a second, %d at 200", len(slow.Arrivals), len(fast.Arrivals))
	}
}

// Whoever waits behind long sections waits for them, and is not accused of it.
func TestWaitersMayWaitForLongSections(t *testing.T) {
	for hold, want := range map[time.Duration]time.Duration{
		75 * time.Millisecond: 5*time.Second + requestTimeout,
		time.Second:           5*time.Second + requestTimeout,
		time.Minute:           5*time.Minute + 5*time.Second + requestTimeout,
	} {
		if got := settling(Settings{Clients: 5, TTL: time.Second, Hold: scenario.Range{To: hold}}); got != want {
			t.Errorf("behind sections of %v they may wait %v, want %v", hold, got, want)
		}
	}
}
