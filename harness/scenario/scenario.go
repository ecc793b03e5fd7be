// Package scenario holds recipes for runs: which faults, when, whom they strike and for how long. They
// are written in YAML; some come with lockquake, by name (the folder named is documentation by example).
//
//	doc: what it shows, in one line
//	cluster: process                 # embed | process | external | virtual
//	strategies: [mutex, tutorial]
//	members: 5
//	clients: 5
//	keys: 1
//	ttl: 2s                          # whole seconds
//	hold: 0s..2s                     # or a mean: 50ms is 25ms..75ms
//	warmup: 500ms
//	duration: 120s
//	resource: etcd                   # memory | etcd
//	loss: ignored                    # heeded | ignored: whether clients act on the loss of their lock
//	repeat: 1
//	workload: register               # what clients do: lockquake list workloads
//	permits: 1                       # how many may hold a lock that lets several in
//	spread: uniform                  # uniform | zipf: how clients choose keys
//	rate: 50                         # open loop: acquires a second of all clients together
//	want: lease-bounded              # what a cell must give: safe | promised | fenced | lease-bounded | exclusive
//	max-p99: 50ms                    # and these thresholds: 99 % of acquires within that time,
//	max-gap: 3s                      # nobody waits that long for anybody's grant,
//	min-ops: 100                     # and so many acquires
//	faults:                          # rules, side by side; [] for a calm run
//	  - fault: pause                 # with its target it is pause-leader, which can be given as well
//	    target: leader               # holder | waiter | client | leader | follower | random | majority | all
//	    every: 5s                    # by time
//	    jitter: 1s                   # how far each strays from that, either way; at most half of every
//	    for: 2s                      # or in TTLs: ttl+500ms, 2ttl, 1.5ttl-100ms
//	  - fault: pause-holder
//	    when: acquired               # acquired | releasing | waiting | renewed | leader-changed | anytime
//	    for: ttl+500ms
//	    probability: 0.5             # the share of those moments, or planned times, at which it strikes
//	    limit: 3                     # of injections
//	    after: 1s                    # from the end of the warm-up
//
// All but faults, and in a rule all but fault, can be left out. A rule with neither when nor every waits
// for the moment that the fault has in the catalogue; with every alone it goes by time; with both, every
// is the least time between two aims. when: anytime goes by time without every.
//
// A scenario decides nothing by chance and does nothing: harness.Draw makes a plan of it. The names of
// the faults mean what the caller's catalogue says. Read parse.go next, then harness/plan.go.
package scenario

import (
	"time"

	"lockquake/harness/nemesis"
)

// Scenario is a recipe. Its name stands for it in plans, histories and reports.
type Scenario struct {
	Name     string
	Doc      string // in one line
	Settings Settings
	Want     Want
	Rules    []Rule // each goes on by itself, beside the others; none: a calm run
}

// Settings are what a scenario asks for; the zero fields are left to the user.
type Settings struct {
	Cluster    string
	Strategies []string
	Members    int
	Clients    int
	Keys       int
	TTL        time.Duration
	Hold       Range
	Warmup     time.Duration
	Duration   time.Duration
	Resource   string
	Loss       string
	Repeat     int
	Workload   string
	Permits    int
	Spread     string
	Rate       float64
}

// Want is what a scenario asks of each of its cells; the zero fields are left to the user.
type Want struct {
	Guarantee string        // safe, promised or a grade
	MaxP99    time.Duration // of the time to acquire
	MaxGap    time.Duration // between grants
	MinOps    int           // acquires
}

// Alone is a scenario of one fault, injected again and again as it comes.
func Alone(f Fault, doc string) Scenario {
	return Scenario{Name: f.Name, Doc: doc, Rules: []Rule{{Fault: f.Name, Aim: f.Aim, Probability: 1}}}
}

// Rule is a fault with its schedule. Without a moment its injections come by time; with one, each waits
// for the moment. One rule's injections never overlap.
type Rule struct {
	Fault string // its name in the catalogue, role and all
	Aim   nemesis.Aim
	// After is the earliest time of the first injection, from the end of the warm-up.
	After time.Duration
	// Every is the time from one injection's planned time to the next one's; 0: the next comes when
	// clients have recovered from the last. Jitter is how far each strays from it, either way.
	Every, Jitter time.Duration
	// For is how long an injection lasts; zero: as the fault itself has it.
	For Span
	// Probability is the share of moments, or planned times, at which it strikes; in (0, 1].
	Probability float64
	// Limit is the largest number of injections; 0: as many as there is time for.
	Limit int
}
