package harness

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// Subject is a strategy as a plan knows it.
type Subject struct {
	Name   string
	Fenced bool
}

// Trial is a scenario with the settings and strategies that it is carried out under.
type Trial struct {
	Scenario scenario.Scenario
	Settings Settings
	Setting  string // the cells' Setting
	Subjects []Subject
	// Together has all clients open their sessions at once: in calm no lease ends, and its phase does not matter.
	Together bool
	// Readers is the share of rounds in which the workload only reads.
	Readers float64
}

// Possible says in one line why a kind of cluster, or the time that there is, does not do for the trial's faults.
func (t Trial) Possible(kind Kind) error {
	for _, rule := range t.Scenario.Rules {
		if unmet := rule.Aim.Requires().Unmet(kind.Abilities, t.Settings.Members); unmet != "" {
			return fmt.Errorf("fault %s: a cluster of kind %s %s", rule.Fault, t.Settings.Cluster, unmet)
		}
		if rule.After >= t.Settings.Duration {
			return fmt.Errorf("scenario %s: %s begins after %v, and the run lasts %v: give a longer duration", t.Scenario.Name, rule.Fault, rule.After, t.Settings.Duration)
		}
	}
	return nil
}

// Fault is what its cells have for their Fault.
func (t Trial) Fault() string {
	if len(t.Scenario.Rules) == 0 {
		return Calm
	}
	return t.Scenario.Name
}

// Faults are the trial's, by their names.
func (t Trial) Faults() map[string]nemesis.Fault {
	faults := map[string]nemesis.Fault{}
	for _, rule := range t.Scenario.Rules {
		faults[rule.Fault] = rule.Aim.Fault
	}
	return faults
}

// Plan is everything that will be done: Draw makes it, carrying it out draws nothing more.
type Plan struct {
	Seed  uint64 `json:"seed"`
	Cells []Cell `json:"cells"`
	// Order is that in which the cells are carried out, by their index; empty: as they are listed.
	Order []int `json:"order,omitempty"`
}

// Cell is one strategy under one scenario, one repeat.
type Cell struct {
	Strategy string `json:"strategy"`
	Fault    string `json:"fault"`             // the scenario's name, which for a single fault is the fault's, or Calm
	Setting  string `json:"setting,omitempty"` // what tells it from other calm cells, like W=8
	Repeat   int    `json:"repeat"`            // from 1
	Seed     uint64 `json:"seed"`
	Fenced   bool   `json:"fenced"` // the resource refuses old tokens
	Settings
	KeyNames  []string  `json:"key_names"`
	Processes []Choices `json:"processes"` // one for each client
	// Arrivals are, in an open loop, when acquires are due, from the first process's start on; at the end they begin anew.
	Arrivals  []time.Duration `json:"arrivals_ns,omitempty"`
	Schedules []Schedule      `json:"schedules"` // carried out side by side
	// Settle is how long after the last heal a waiter may still wait.
	Settle time.Duration `json:"settle_ns"`
}

// Name says which cell of its run it is.
func (c Cell) Name() results.CellName {
	return results.CellName{Strategy: c.Strategy, Fault: cmp.Or(c.Setting, c.Fault), Repeat: c.Repeat}
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
	// Shared tells that it only reads.
	Shared bool `json:"shared,omitempty"`
}

// Schedule is one fault's injections, one after the other.
type Schedule struct {
	Fault      string         `json:"fault"`
	Role       nemesis.Role   `json:"role,omitempty"`
	Moment     nemesis.Moment `json:"moment,omitempty"` // what each injection waits for, from its time on
	Injections []Injection    `json:"injections"`
}

// Injection is one planned fault. At counts from the end of the warm-up.
type Injection struct {
	At   time.Duration `json:"at_ns"`
	For  time.Duration `json:"for_ns"`
	Skip int           `json:"skip,omitempty"` // moments that are let go by first
	Pick int           `json:"pick"`           // chooses among equals
}

// Calm is the name of a scenario without faults.
const Calm = "none"

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
	// maxInjections bounds what a schedule may plan.
	maxInjections = 10000
	// picks is what Pick is drawn from: far more than there are members or clients to choose from.
	picks = 1 << 16
	// arrivalsFor is how much time arrivals are drawn for, before they begin anew.
	arrivalsFor = 10 * time.Second
	// zipf is the exponent: of 64 keys the first gets a quarter of all acquires.
	zipf = 1.1
)

// Draw makes the plan: repeat by repeat every scenario with every strategy, so that slow changes of
// the machine meet all strategies alike. The same arguments give the same plan. Under one scenario and
// repeat all strategies get the same schedules and the same choices.
func Draw(seed uint64, trials []Trial) Plan {
	plan := Plan{Seed: seed}
	repeats := 0
	for _, trial := range trials {
		repeats = max(repeats, trial.Settings.Repeats)
	}
	for r := range repeats {
		for _, trial := range trials {
			if r >= trial.Settings.Repeats {
				continue
			}
			for _, subject := range trial.Subjects {
				plan.Cells = append(plan.Cells, draw(seed, trial, subject, r+1))
			}
		}
	}
	return plan
}

func draw(seed uint64, trial Trial, subject Subject, repeat int) Cell {
	s, recipe := trial.Settings, trial.Scenario
	cell := Cell{
		Strategy: subject.Name, Fault: trial.Fault(), Setting: trial.Setting, Repeat: repeat, Seed: seed, Fenced: subject.Fenced, Settings: s,
		Settle: settling(s),
	}
	for k := range s.Keys {
		cell.KeyNames = append(cell.KeyNames, "k"+strconv.Itoa(k))
	}
	for c := range s.Clients {
		choices := drawChoices(s, stream(seed, recipe.Name, repeat, "client", c))
		if trial.Together {
			choices.Phase = 0
		}
		share(choices.Rounds, trial.Readers, stream(seed, recipe.Name, repeat, "readers", c))
		cell.Processes = append(cell.Processes, choices)
	}
	if s.Rate > 0 {
		cell.Arrivals = drawArrivals(s.Rate, stream(seed, recipe.Name, repeat, "arrivals", 0))
	}
	for i, rule := range recipe.Rules {
		cell.Schedules = append(cell.Schedules, drawSchedule(s, rule, stream(seed, recipe.Name, repeat, "nemesis", i)))
	}
	return cell
}

// Turns are the indices of the cells in the order in which they are carried out.
func (p Plan) Turns() []int {
	if len(p.Order) > 0 {
		return p.Order
	}
	var listed []int
	for i := range p.Cells {
		listed = append(listed, i)
	}
	return listed
}

// Interleave draws an Order, so that what changes on the machine meets all cells alike: each repeat is done with before
// the next one begins. Those that need to know what others came to, come after them.
func (p *Plan) Interleave() {
	p.Order = stream(p.Seed, Calm, 0, "order", 0).Perm(len(p.Cells))
	stage := func(c Cell) int {
		if c.Load > 0 {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(p.Order, func(a, b int) int {
		one, other := p.Cells[a], p.Cells[b]
		return cmp.Or(one.Repeat-other.Repeat, stage(one)-stage(other))
	})
}

// Loaded is a cell whose Load has become a rate: its share of what its strategy can do, in acquires a second. Its
// arrivals are what the same seed draws at that rate.
func (c Cell) Loaded(capacity float64) Cell {
	c.Rate = min(c.Load*capacity, scenario.MaxRate)
	c.Arrivals = drawArrivals(c.Rate, stream(c.Seed, c.Fault, c.Repeat, "arrivals", 0))
	return c
}

// settling is how long a waiter may wait after the last heal. Where those before it may hold longer than the leases
// that it waits for in any case, it waits for them, too.
func settling(s Settings) time.Duration {
	leases := 5 * s.TTL
	if queue := time.Duration(s.Clients) * s.Hold.To; queue > leases {
		return queue + leases + requestTimeout
	}
	return leases + requestTimeout
}

func drawChoices(s Settings, rng *rand.Rand) Choices {
	choices := Choices{Phase: between(rng, 0, maxPhase)}
	key := func() int { return rng.IntN(s.Keys) }
	if s.Spread == scenario.Zipf {
		few := rand.NewZipf(rng, zipf, 1, uint64(s.Keys-1))
		key = func() int { return int(few.Uint64()) }
	}
	for range rounds {
		choices.Rounds = append(choices.Rounds, Round{Key: key(), Hold: between(rng, s.Hold.From, s.Hold.To)})
	}
	return choices
}

// share makes some of the rounds a reader's.
func share(rounds []Round, readers float64, rng *rand.Rand) {
	for i := range rounds {
		rounds[i].Shared = rng.Float64() < readers
	}
}

// drawArrivals is a Poisson process: clients that know nothing of each other.
func drawArrivals(rate float64, rng *rand.Rand) (arrivals []time.Duration) {
	at := time.Duration(0)
	for at < arrivalsFor {
		at += time.Duration(rng.ExpFloat64() / rate * float64(time.Second)).Truncate(time.Microsecond)
		arrivals = append(arrivals, at)
	}
	return arrivals
}

// drawSchedule fills the duration with a rule's injections, one after the other. There is at least one.
func drawSchedule(s Settings, rule scenario.Rule, rng *rand.Rand) Schedule {
	schedule := Schedule{Fault: rule.Fault, Role: rule.Aim.Role, Moment: rule.Aim.Moment}
	lasts := lasting(rule, s.TTL)
	planned := rule.After + between(rng, 0, phase(rule))
	for free := time.Duration(0); len(schedule.Injections) < limit(rule); {
		skip := skips(rule.Probability, rng)
		if schedule.Moment == "" {
			planned, skip = planned+time.Duration(skip)*rule.Every, 0
		}
		at := max(free, planned+between(rng, -rule.Jitter, rule.Jitter))
		if len(schedule.Injections) == 0 {
			at = max(0, min(at, s.Duration-lasts))
		}
		if len(schedule.Injections) > 0 && at+lasts > s.Duration {
			break
		}
		schedule.Injections = append(schedule.Injections, Injection{At: at, For: lasts, Skip: skip, Pick: rng.IntN(picks)})
		free = at + lasts
		planned += rule.Every
		if rule.Every == 0 {
			planned = free + between(rng, s.TTL/2, s.TTL/2+s.TTL) // in which clients recover and go on
		}
	}
	return schedule
}

// phase is how far the first injection may be put off: rules that say when they begin keep their distance.
func phase(rule scenario.Rule) time.Duration {
	if rule.After > 0 {
		return maxPhase
	}
	return max(maxPhase, rule.Every)
}

func limit(rule scenario.Rule) int {
	if rule.Limit == 0 {
		return maxInjections
	}
	return rule.Limit
}

func lasting(rule scenario.Rule, ttl time.Duration) time.Duration {
	if rule.For != (scenario.Span{}) {
		return rule.For.Under(ttl)
	}
	if l, ok := rule.Aim.Fault.(nemesis.Lasting); ok {
		return l.Lasts(ttl)
	}
	return instantFor
}

// skips is how often chance says no before it says yes.
func skips(probability float64, rng *rand.Rand) (n int) {
	for n < maxInjections && rng.Float64() >= probability {
		n++
	}
	return n
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
	var all time.Duration
	for _, c := range p.Cells {
		all += c.Estimate()
	}
	return all.Round(time.Second)
}

// Estimate is about how long the cell takes.
func (c Cell) Estimate() time.Duration {
	const around = 1500 * time.Millisecond // starting, settling, judging and drawing
	lasts := c.Duration
	for _, schedule := range c.Schedules {
		last := schedule.Injections[len(schedule.Injections)-1]
		lasts = max(lasts, last.At+last.For)
	}
	return c.Warmup + lasts + around
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
