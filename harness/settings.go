package harness

import (
	"fmt"
	"time"

	"lockquake/harness/scenario"
	"lockquake/workloads"
)

// Settings are what a user chooses; a plan is drawn from them.
type Settings struct {
	Cluster  string         `json:"cluster"` // the name of its kind
	Members  int            `json:"members"`
	Clients  int            `json:"clients"`
	Keys     int            `json:"keys"`
	TTL      time.Duration  `json:"ttl_ns"`
	Hold     scenario.Range `json:"hold"`        // how long a lock is held
	Warmup   time.Duration  `json:"warmup_ns"`   // before the first injection
	Duration time.Duration  `json:"duration_ns"` // of the time in which faults are injected
	Resource string         `json:"resource"`    // what the lock protects: scenario.InMemory or scenario.InEtcd
	Loss     string         `json:"loss"`        // scenario.Heeded or Ignored
	Repeats  int            `json:"repeats"`
	Workload string         `json:"workload"`          // the name of its kind
	Permits  int            `json:"permits,omitempty"` // how many may hold a lock that lets several in; 0: one
	Spread   string         `json:"spread,omitempty"`  // how keys are chosen: scenario.Uniform or Zipf
	Rate     float64        `json:"rate,omitempty"`    // open loop: acquires a second that all clients together should begin; 0: closed loop
	Load     float64        `json:"load,omitempty"`    // open loop: Rate will be this share of what the lock can do, which is measured first
	Fsync    bool           `json:"fsync,omitempty"`   // members wait for their disk, which is the run's folder's
	Costs    bool           `json:"costs,omitempty"`   // measure beside the lock what it costs, and what it stands on
}

// Usual are the settings where nobody says anything else.
func Usual() Settings {
	return Settings{
		Cluster: scenario.Embed, Members: 3, Clients: 5, Keys: 1, TTL: time.Second,
		Hold:   scenario.Range{From: 25 * time.Millisecond, To: 75 * time.Millisecond},
		Warmup: 500 * time.Millisecond, Duration: 3 * time.Second, Resource: scenario.InMemory, Loss: scenario.Heeded, Repeats: 1,
		Workload: workloads.Usual, Permits: 1, Spread: scenario.Uniform,
	}
}

// UsualOn are the usual settings on a kind of cluster. In virtual time nobody has to wait, so leases and holds are as long as
// people have them, and so is a cell: at a hold of a second, an hour is some thousand grants.
func UsualOn(kind string) Settings {
	s := Usual()
	if kind == scenario.Virtual {
		s.Cluster, s.TTL, s.Hold = kind, 10*time.Second, scenario.Range{From: 500 * time.Millisecond, To: 1500 * time.Millisecond}
		s.Warmup, s.Duration = 5*time.Second, 10*time.Minute
	}
	return s
}

// Validate says in one line what is wrong with a setting, and what would be right for a kind of
// cluster. It begins with the setting's name.
func (s Settings) Validate(kind Kind) error {
	for _, n := range []struct {
		name            string
		value, min, max int
	}{
		{"members", s.Members, 1, scenario.MaxMembers},
		{"clients", s.Clients, 1, scenario.MaxClients},
		{"keys", s.Keys, 1, scenario.MaxKeys},
		{"repeat", s.Repeats, 1, scenario.MaxRepeat},
		{"permits", s.Permits, 1, scenario.MaxClients},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("%s is %d: give a number from %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	if s.Members%2 == 0 && kind.Members == 0 {
		return fmt.Errorf("members is %d: give an odd number, an even one survives no more failures than the odd one below it", s.Members)
	}
	switch {
	case s.Warmup < 0:
		return fmt.Errorf("warmup is %v: give a duration of 0 or more", s.Warmup)
	case s.Duration <= 0:
		return fmt.Errorf("duration is %v: give a positive duration, such as 3s", s.Duration)
	case s.TTL%time.Second != 0:
		return fmt.Errorf("ttl is %v: give whole seconds, etcd grants no others", s.TTL)
	case s.TTL < kind.MinTTL:
		return fmt.Errorf("ttl is %v: give at least %v, etcd silently raises a shorter lease to that at this cluster's election timeout", s.TTL, kind.MinTTL)
	case s.TTL > scenario.MaxTTL:
		return fmt.Errorf("ttl is %v: give at most %v, faults must outlast it", s.TTL, scenario.MaxTTL)
	case s.Resource != scenario.InMemory && s.Resource != scenario.InEtcd:
		return fmt.Errorf("resource is %q: give %s or %s", s.Resource, scenario.InMemory, scenario.InEtcd)
	case s.Loss != scenario.Heeded && s.Loss != scenario.Ignored:
		return fmt.Errorf("loss is %q: give %s or %s", s.Loss, scenario.Heeded, scenario.Ignored)
	case s.Spread != scenario.Uniform && s.Spread != scenario.Zipf:
		return fmt.Errorf("spread is %q: give %s or %s", s.Spread, scenario.Uniform, scenario.Zipf)
	case !(s.Rate >= 0 && s.Rate <= scenario.MaxRate):
		return fmt.Errorf("rate is %v: give acquires a second, at most %v, or 0 for a closed loop", s.Rate, scenario.MaxRate)
	}
	return nil
}

// Under are the settings with what a scenario asks for in their place.
func (s Settings) Under(recipe scenario.Settings) Settings {
	replace(&s.Cluster, recipe.Cluster)
	replace(&s.Members, recipe.Members)
	replace(&s.Clients, recipe.Clients)
	replace(&s.Keys, recipe.Keys)
	replace(&s.TTL, recipe.TTL)
	replace(&s.Hold, recipe.Hold)
	replace(&s.Warmup, recipe.Warmup)
	replace(&s.Duration, recipe.Duration)
	replace(&s.Resource, recipe.Resource)
	replace(&s.Loss, recipe.Loss)
	replace(&s.Repeats, recipe.Repeat)
	replace(&s.Workload, recipe.Workload)
	replace(&s.Permits, recipe.Permits)
	replace(&s.Spread, recipe.Spread)
	replace(&s.Rate, recipe.Rate)
	return s
}

func replace[T comparable](setting *T, asked T) {
	var zero T
	if asked != zero {
		*setting = asked
	}
}
