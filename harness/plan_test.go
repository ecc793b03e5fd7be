package harness

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lockquake/harness/nemesis"
)

func settings() Settings {
	return Settings{
		Members: 3, Clients: 5, Keys: 2, TTL: time.Second, Hold: 50 * time.Millisecond,
		Warmup: 500 * time.Millisecond, Duration: 3 * time.Second, Resource: InMemory, Repeat: 2, Seed: 7,
	}
}

var (
	subjects = []Subject{{Name: "mutex"}, {Name: "mutex+fence", Fenced: true}}
	threats  = []Threat{{"none", nemesis.None{}}, {"pause-holder", nemesis.PauseHolder{}}, {"revoke-holder", nemesis.RevokeHolder{}}}
)

func TestSameSeedSamePlan(t *testing.T) {
	one, two := Draw(settings(), subjects, threats), Draw(settings(), subjects, threats)
	if !bytes.Equal(one.JSON(), two.JSON()) {
		t.Error("two drawings of one seed differ")
	}
	other := settings()
	other.Seed++
	if bytes.Equal(one.JSON(), Draw(other, subjects, threats).JSON()) {
		t.Error("another seed draws the same plan")
	}
}

func TestPlanHasEveryCellRepeatByRepeat(t *testing.T) {
	plan := Draw(settings(), subjects, threats)
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
	plan := Draw(settings(), subjects, threats)
	a, b := plan.Cells[2], plan.Cells[3]
	if a.Fault != b.Fault || a.Strategy == b.Strategy {
		t.Fatalf("cells are %s/%s and %s/%s", a.Strategy, a.Fault, b.Strategy, b.Fault)
	}
	same := func(x, y any) bool {
		i, _ := json.Marshal(x)
		j, _ := json.Marshal(y)
		return bytes.Equal(i, j)
	}
	if !same(a.Injections, b.Injections) || !same(a.Processes, b.Processes) {
		t.Error("two strategies under one fault met different schedules")
	}
	if again := plan.Cells[8]; same(a.Injections, again.Injections) {
		t.Error("two repeats met the same schedule")
	}
}

func TestInjectionsFillTheDurationOneAfterTheOther(t *testing.T) {
	for _, threat := range threats[1:] {
		for seed := range uint64(50) {
			s := settings()
			s.Seed = seed
			cell := Draw(s, subjects[:1], []Threat{threat}).Cells[0]
			if len(cell.Injections) == 0 {
				t.Fatalf("%s, seed %d: no injection", threat.Name, seed)
			}
			var free time.Duration
			for _, in := range cell.Injections {
				if in.At < free {
					t.Errorf("%s, seed %d: an injection at %v begins before %v", threat.Name, seed, in.At, free)
				}
				free = in.At + in.For
			}
			if free > s.Duration {
				t.Errorf("%s, seed %d: the last injection ends at %v of %v", threat.Name, seed, free, s.Duration)
			}
		}
	}
	if calm := Draw(settings(), subjects, threats).Cells[0]; len(calm.Injections) != 0 {
		t.Errorf("a calm cell has injections: %v", calm.Injections)
	}
}

// A duration that is too short for the fault still gets one injection: else nothing was tried.
func TestShortDurationStillGetsOneInjection(t *testing.T) {
	s := settings()
	s.Duration = time.Millisecond
	if n := len(Draw(s, subjects, threats).Cells[2].Injections); n != 1 {
		t.Errorf("%d injections, want 1", n)
	}
}

func TestSettingsOutOfRangeAreNamed(t *testing.T) {
	if err := settings().Validate(time.Second); err != nil {
		t.Fatalf("good settings: %v", err)
	}
	for want, change := range map[string]func(*Settings){
		"--clients is 0: give a number from 1":      func(s *Settings) { s.Clients = 0 },
		"--keys is -1":                              func(s *Settings) { s.Keys = -1 },
		"--repeat is 0":                             func(s *Settings) { s.Repeat = 0 },
		"--members is 4: give an odd number":        func(s *Settings) { s.Members = 4 },
		"--members is 11":                           func(s *Settings) { s.Members = 11 },
		"--hold is -1s: give a duration of 0":       func(s *Settings) { s.Hold = -time.Second },
		"--warmup is -1s":                           func(s *Settings) { s.Warmup = -time.Second },
		"--duration is -3s: give a positive":        func(s *Settings) { s.Duration = -3 * time.Second },
		"--ttl is 1.5s: give whole seconds":         func(s *Settings) { s.TTL = 1500 * time.Millisecond },
		"--ttl is 1s: give at least 2s":             func(s *Settings) { s.TTL = time.Second },
		`--resource is "disk": give memory or etcd`: func(s *Settings) { s.Resource, s.TTL = "disk", 2*time.Second },
	} {
		s := settings()
		if !strings.Contains(want, "--ttl is 1s") {
			s.TTL = 2 * time.Second
		}
		change(&s)
		if err := s.Validate(2 * time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
