// Package scenario holds recipes for runs: which faults, when, whom they strike and for how long. They
// are written in YAML; some come with lockquake, by name.
//
// A scenario decides nothing by chance and does nothing: harness.Draw makes a plan of it. The names of
// the faults mean what the caller's catalogue says. Read harness/plan.go next.
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
	Repeat     int
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
