// Package repro carries out known hazards of locks on etcd, each by a script of its own, against a real
// etcd member and the real client.
//
// A script leaves nothing to chance: every step waits for a condition, never for a time to pass that might be
// enough; only what must never come is given a time to come in. What delays a request, loses a reply or ends a
// lease is recorded as a fault, what clients do as in any other cell, so the same checkers judge the history. This
// package judges nothing: a Variant says what it expects, and whoever has the verdicts compares. The same script is
// carried out with a lock that has the hazard, and with one that does not: a reproduction that succeeded by itself
// would be noticed.
//
// The locks that it brings along are those that people copy, with their slips left in. They are not for use.
//
// One file is one hazard, or a family of them that share their scene. Read scene.go for what a script can do,
// and stale_release.go for a script.
package repro

import (
	"context"
	"io"
	"math"
	"time"

	"lockquake/harness/cluster"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// Reproduction is one hazard.
type Reproduction struct {
	ID       string
	Shows    string // in one line
	Upstream string // what has become of it, with the issue if there is one
	Fault    string // the name of what is injected; harness.Calm: nothing
	Flawed   Variant
	Sound    Variant // the counterpart: the same script does no harm

	play func(*scene)
	ttl  time.Duration // of the leases that it is about; 0: longTTL
}

// Variant is what a script is carried out with.
type Variant struct {
	Lock   string // in words, with what differs
	Expect []Expectation
	Bounds []Bound

	open     lock.Strategy
	fenced   bool                              // the resource refuses old tokens
	resource func(s *scene) workloads.Resource // nil: one outside of etcd
}

// Verdict is what a checker is expected to say.
type Verdict string

// Verdicts.
const (
	Valid   Verdict = "valid"
	Invalid Verdict = "invalid"
)

// Expectation is of one checker. Of those that a Variant does not name nothing is expected.
type Expectation struct {
	Checker string
	Verdict Verdict
	Culprit string // as the verdict has it; empty: any
	Why     string // a part of the verdict's reason; empty: any
}

// Bound is where a measured fact is expected to lie: what no checker sees, such as leases that are left over.
type Bound struct {
	Fact            string
	AtLeast, AtMost float64
}

// Fact is a number that a script has measured.
type Fact struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Step is something that the script has done, or waited for.
type Step struct {
	At   time.Duration `json:"at_ns"`
	What string        `json:"what"`
}

// Record is what a script tells besides its history.
type Record struct {
	Steps []Step `json:"steps"`
	Facts []Fact `json:"facts,omitempty"`
}

// Start starts a cluster: cluster.Start, or virtual.Start in virtual time.
type Start func(context.Context, cluster.Config) (*cluster.Cluster, error)

// Run carries a reproduction out on a cluster of its own, and streams its history to out. An error says that
// the harness failed, or that something did not come that the script waited for.
func (r Reproduction) Run(ctx context.Context, start Start, v Variant, repeat int, out io.Writer) (Record, error) {
	s, err := open(ctx, start, r, v, repeat, out)
	if err != nil {
		return Record{}, err
	}
	return s.perform()
}

func invalid(checkers ...string) []Expectation { return expect(Invalid, checkers) }

func valid(checkers ...string) []Expectation { return expect(Valid, checkers) }

func expect(v Verdict, checkers []string) []Expectation {
	all := make([]Expectation, len(checkers))
	for i, name := range checkers {
		all[i] = Expectation{Checker: name, Verdict: v}
	}
	return all
}

func atLeast(fact string, value float64) Bound {
	return Bound{Fact: fact, AtLeast: value, AtMost: math.Inf(1)}
}

func exactly(fact string, value float64) Bound {
	return Bound{Fact: fact, AtLeast: value, AtMost: value}
}

// both gives several lists as one.
func both(lists ...[]Expectation) (all []Expectation) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
