package harness

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"

	"lockquake/harness/nemesis"
)

// Settings are what a user chooses; a plan is drawn from them.
type Settings struct {
	Members  int           `json:"members"`
	Clients  int           `json:"clients"`
	Keys     int           `json:"keys"`
	TTL      time.Duration `json:"ttl_ns"`
	Hold     time.Duration `json:"hold_ns"`     // mean time that a lock is held
	Warmup   time.Duration `json:"warmup_ns"`   // before the first injection
	Duration time.Duration `json:"duration_ns"` // of the time in which faults are injected
	Resource string        `json:"resource"`    // what the lock protects: InMemory or InEtcd
	Repeat   int           `json:"repeat"`
	Seed     uint64        `json:"seed"`
}

// Places for the resource that the lock protects.
const (
	InMemory = "memory"
	InEtcd   = "etcd"
)

// Limits on settings: beyond them the harness would measure itself.
const (
	maxMembers = 9
	maxClients = 1024
	maxKeys    = 1024
	maxRepeat  = 10000
	maxTTL     = 10 * time.Minute
)

// Validate says in one line what is wrong with a setting, and what would be right. minTTL is the
// shortest lease that the cluster grants.
func (s Settings) Validate(minTTL time.Duration) error {
	for _, n := range []struct {
		name            string
		value, min, max int
	}{
		{"members", s.Members, 1, maxMembers},
		{"clients", s.Clients, 1, maxClients},
		{"keys", s.Keys, 1, maxKeys},
		{"repeat", s.Repeat, 1, maxRepeat},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("--%s is %d: give a number from %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	if s.Members%2 == 0 {
		return fmt.Errorf("--members is %d: give an odd number, an even one survives no more failures than the odd one below it", s.Members)
	}
	switch {
	case s.Hold < 0:
		return fmt.Errorf("--hold is %v: give a duration of 0 or more", s.Hold)
	case s.Warmup < 0:
		return fmt.Errorf("--warmup is %v: give a duration of 0 or more", s.Warmup)
	case s.Duration <= 0:
		return fmt.Errorf("--duration is %v: give a positive duration, such as 3s", s.Duration)
	case s.TTL%time.Second != 0:
		return fmt.Errorf("--ttl is %v: give whole seconds, etcd grants no others", s.TTL)
	case s.TTL < minTTL:
		return fmt.Errorf("--ttl is %v: give at least %v, etcd silently raises a shorter lease to that at this cluster's election timeout", s.TTL, minTTL)
	case s.TTL > maxTTL:
		return fmt.Errorf("--ttl is %v: give at most %v, faults must outlast it", s.TTL, maxTTL)
	case s.Resource != InMemory && s.Resource != InEtcd:
		return fmt.Errorf("--resource is %q: give %s or %s", s.Resource, InMemory, InEtcd)
	}
	return nil
}

// Subject is a strategy as a plan knows it.
type Subject struct {
	Name   string
	Fenced bool
}

// Threat is a fault as a plan knows it.
type Threat struct {
	Name  string
	Fault nemesis.Fault
}

// Plan is everything that will be done: Draw makes it, carrying it out draws nothing more.
type Plan struct {
	Settings Settings `json:"settings"`
	Cells    []Cell   `json:"cells"`
}

// Cell is one strategy under one fault, one repeat.
type Cell struct {
	Strategy string `json:"strategy"`
	Fault    string `json:"fault"`
	Repeat   int    `json:"repeat"` // from 1
	Fenced   bool   `json:"fenced"` // the resource refuses old tokens
	Settings
	KeyNames   []string    `json:"key_names"`
	Processes  []Choices   `json:"processes"` // one for each client
	Injections []Injection `json:"injections"`
	// Settle is how long after the last heal a waiter may still wait.
	Settle time.Duration `json:"settle_ns"`
}

// Choices are what one client's process will do; it begins anew when it comes to the end of Rounds.
type Choices struct {
	Phase  time.Duration `json:"phase_ns"` // before its sessions are opened
	Rounds []Round       `json:"rounds"`
}

// Round is one turn of the workload.
type Round struct {
	Key  int           `json:"key"` // index into KeyNames
	Hold time.Duration `json:"hold_ns"`
}

// Injection is one planned fault. At counts from the end of the warm-up; an Aimed fault strikes the
// first holder from then on.
type Injection struct {
	At  time.Duration `json:"at_ns"`
	For time.Duration `json:"for_ns"`
}

const (
	rounds = 32
	// maxPhase is the period of etcd's lease expiry loop: how late a lease ends depends on where in it a
	// session was opened.
	maxPhase = 500 * time.Millisecond
	// instantFor is how long the evidence of an instantaneous fault may take to show.
	instantFor = 300 * time.Millisecond
	// requestTimeout is how long etcd's server lets a proposal wait that was lost with its leader
	// (etcdserver.ReqTimeout: 5 s and two election timeouts), with a margin. A waiter may be in such a request at heal.
	requestTimeout = 6 * time.Second
)

// Draw makes the plan: every strategy under every fault, repeat by repeat, so that slow changes of
// the machine meet all strategies alike. The same arguments give the same plan. Under one fault and
// repeat all strategies get the same schedule and the same choices.
func Draw(s Settings, subjects []Subject, threats []Threat) Plan {
	plan := Plan{Settings: s}
	for r := range s.Repeat {
		for _, threat := range threats {
			for _, subject := range subjects {
				plan.Cells = append(plan.Cells, draw(s, subject, threat, r+1))
			}
		}
	}
	return plan
}

func draw(s Settings, subject Subject, threat Threat, repeat int) Cell {
	cell := Cell{
		Strategy: subject.Name, Fault: threat.Name, Repeat: repeat, Fenced: subject.Fenced, Settings: s,
		Settle: 5*s.TTL + requestTimeout,
	}
	for k := range s.Keys {
		cell.KeyNames = append(cell.KeyNames, "k"+strconv.Itoa(k))
	}
	for c := range s.Clients {
		cell.Processes = append(cell.Processes, drawChoices(s, stream(s.Seed, threat.Name, repeat, "client", c)))
	}
	cell.Injections = drawInjections(s, threat.Fault, stream(s.Seed, threat.Name, repeat, "nemesis", 0))
	return cell
}

func drawChoices(s Settings, rng *rand.Rand) Choices {
	choices := Choices{Phase: between(rng, 0, maxPhase)}
	for range rounds {
		choices.Rounds = append(choices.Rounds, Round{
			Key:  rng.IntN(s.Keys),
			Hold: between(rng, s.Hold/2, s.Hold/2+s.Hold),
		})
	}
	return choices
}

// drawInjections fills the duration with injections, one after the other. There is at least one.
func drawInjections(s Settings, fault nemesis.Fault, rng *rand.Rand) []Injection {
	if _, calm := fault.(nemesis.None); calm {
		return nil
	}
	lasts := instantFor
	if lasting, ok := fault.(nemesis.Lasting); ok {
		lasts = lasting.Lasts(s.TTL)
	}
	var injections []Injection
	at := between(rng, 0, maxPhase)
	for len(injections) == 0 || at+lasts <= s.Duration {
		injections = append(injections, Injection{At: at, For: lasts})
		at += lasts + between(rng, s.TTL/2, s.TTL/2+s.TTL) // in which clients recover and go on
	}
	return injections
}

// stream is a source of its own for one purpose, split off the seed: drawing more for one purpose
// changes nothing for the others.
func stream(seed uint64, fault string, repeat int, purpose string, number int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, fault, repeat, purpose, number)
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// between draws from [low, high), in whole microseconds.
func between(rng *rand.Rand, low, high time.Duration) time.Duration {
	span := int64((high - low) / time.Microsecond)
	if span <= 0 {
		return low
	}
	return low + time.Duration(rng.Int64N(span))*time.Microsecond
}

// Estimate is about how long the plan takes, to a second: waits that a fault leaves behind are not in it.
func (p Plan) Estimate() time.Duration {
	const around = 1500 * time.Millisecond // starting, settling, judging and drawing
	var all time.Duration
	for _, c := range p.Cells {
		lasts := c.Duration
		if n := len(c.Injections); n > 0 {
			lasts = max(lasts, c.Injections[n-1].At+c.Injections[n-1].For)
		}
		all += c.Warmup + lasts + around
	}
	return all.Round(time.Second)
}

// JSON is the plan as plan.json has it.
func (p Plan) JSON() []byte { return asJSON(p) }

// JSON is the cell's part of the plan.
func (c Cell) JSON() []byte { return asJSON(c) }

func asJSON(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // plain structs of numbers and strings
	}
	return append(b, '\n')
}
