package locktest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/cluster/virtual"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/results"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// gate is all that is known before a cluster starts.
type gate struct {
	choice
	strategy lock.Strategy
	kind     harness.Kind
	trials   []trial
}

// trial is what one subtest carries out.
type trial struct {
	harness.Trial
	workload workloads.Kind
	want     checker.Want
	limits   results.Limits
}

// choose finds what the options ask for. Errors say in one line what to give.
func choose(name string, strategy lock.Strategy, options []Option) (*gate, error) {
	g := &gate{strategy: strategy, kind: harness.Embedded()}
	g.seed, g.promise = rand.Uint64N(1_000_000), checker.Promise{Calm: checker.Exclusive, Faults: checker.Fenced}
	if strategy == nil {
		return nil, errors.New("there is no strategy: give the function that opens the lock")
	}
	for _, option := range options {
		if err := option(&g.choice); err != nil {
			return nil, err
		}
	}
	if err := g.chooseKind(); err != nil {
		return nil, err
	}
	recipes, err := g.scenarios()
	if err != nil {
		return nil, err
	}
	for _, recipe := range recipes {
		trial, err := g.trial(name, recipe)
		if err != nil {
			return nil, err
		}
		g.trials = append(g.trials, trial)
	}
	return g, g.heed(os.Getenv(seedVariable))
}

func (g *gate) chooseKind() error {
	if !g.virtual {
		return nil
	}
	g.kind = harness.Virtual()
	if unfit := g.kind.Unfit(g.without); unfit != "" {
		return fmt.Errorf("Virtual: the lock %s, and in virtual time it must", unfit)
	}
	return virtual.Check()
}

// cluster is the name of the kind.
func (c *choice) cluster() string {
	if c.virtual {
		return scenario.Virtual
	}
	return scenario.Embed
}

// heed takes the seed of the environment.
func (g *gate) heed(variable string) error {
	if variable == "" {
		return nil
	}
	seed, err := strconv.ParseUint(variable, 10, 64)
	if err != nil {
		return fmt.Errorf("%s is %q: give the number that a test has printed", seedVariable, variable)
	}
	g.seed = seed
	return nil
}

// scenarios are those that were asked for, each once.
func (c *choice) scenarios() (all []scenario.Scenario, err error) {
	if len(c.recipes) == 0 {
		return c.ofFault(Core)
	}
	seen := map[string]bool{}
	for _, recipe := range c.recipes {
		found, err := recipe()
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if !seen[s.Name] {
				all = append(all, s)
			}
			seen[s.Name] = true
		}
	}
	return all, nil
}

func one(s scenario.Scenario, err error) ([]scenario.Scenario, error) {
	return []scenario.Scenario{s}, err
}

// names are what scenarios may call by name.
func names() scenario.Names {
	n := scenario.Names{Wants: checker.Wants()}
	for _, f := range nemesis.Builtin() {
		n.Faults = append(n.Faults, scenario.Fault{Name: f.Name, Aim: f.Aim})
	}
	for _, w := range workloads.Builtin() {
		n.Workloads = append(n.Workloads, w.Name)
	}
	return n
}

// ofFault makes a scenario of each fault that a name stands for.
func (c *choice) ofFault(name string) (recipes []scenario.Scenario, err error) {
	switch name {
	case harness.Calm:
		return one(scenario.Scenario{Name: harness.Calm}, nil)
	case Core:
		return c.group(nemesis.Core()), nil
	case All:
		var every []string
		for _, f := range nemesis.Builtin() {
			every = append(every, f.Name)
		}
		return c.group(every), nil
	}
	fault, err := names().Fault(name)
	if err != nil {
		return nil, err
	}
	return one(scenario.Alone(fault, ""), nil)
}

// group leaves out what the lock or the cluster gives nothing to strike at.
func (c *choice) group(faults []string) []scenario.Scenario {
	recipes := []scenario.Scenario{{Name: harness.Calm}}
	for _, name := range faults {
		fault, err := names().Fault(name)
		if err != nil {
			panic(err) // the names are the list's
		}
		requires := fault.Aim.Requires()
		if requires.UnmetBy(c.without) == "" && requires.Unmet(harness.Embedded().Abilities, c.asked(scenario.Settings{}).Members) == "" {
			recipes = append(recipes, scenario.Alone(fault, ""))
		}
	}
	return recipes
}

// asked are the settings under those of a scenario.
func (c *choice) asked(recipe scenario.Settings) harness.Settings {
	s := harness.UsualOn(c.cluster()).Under(recipe)
	for _, change := range c.settings {
		change(&s)
	}
	return s
}

// trial is a scenario with its settings, checked.
func (g *gate) trial(name string, recipe scenario.Scenario) (t trial, err error) {
	t.Trial = harness.Trial{Scenario: recipe, Settings: g.asked(recipe.Settings), Subjects: []harness.Subject{{Name: name, Fenced: g.fenced}}}
	t.want, t.limits = g.wants(recipe.Want)
	if t.workload, err = workload(&t.Settings); err != nil {
		return t, err
	}
	t.Readers = t.workload.Readers
	if t.Settings.Cluster != g.cluster() {
		return t, fmt.Errorf("scenario %s: it asks for a cluster of kind %s, and this test has %s: go test has %s, and %s by the option Virtual; lockquake run has all",
			recipe.Name, t.Settings.Cluster, g.cluster(), scenario.Embed, scenario.Virtual)
	}
	if err := t.Settings.Validate(g.kind); err != nil {
		return t, err
	}
	if err := t.Possible(g.kind); err != nil {
		return t, err
	}
	return t, g.aimed(recipe)
}

// wants is what is asked of the cells of a scenario: what options say goes before it.
func (c *choice) wants(w scenario.Want) (checker.Want, results.Limits) {
	want, limits := checker.Promised, c.limits
	if asked, err := checker.ParseWant(w.Guarantee); err == nil && !c.wanted {
		want = asked
	}
	limits.MaxP99 = cmp.Or(limits.MaxP99, w.MaxP99)
	limits.MaxGap = cmp.Or(limits.MaxGap, w.MaxGap)
	limits.MinOps = cmp.Or(limits.MinOps, w.MinOps)
	return want, limits
}

// aimed makes sure that the faults have something to strike at in the lock.
func (g *gate) aimed(recipe scenario.Scenario) error {
	for _, rule := range recipe.Rules {
		if unmet := rule.Aim.Requires().UnmetBy(g.without); unmet != "" {
			return fmt.Errorf("fault %s: the lock %s, which it strikes at", rule.Fault, unmet)
		}
	}
	return nil
}

// workload finds the one of the settings, and completes them by what it asks for.
func workload(s *harness.Settings) (workloads.Kind, error) {
	var known []string
	for _, w := range workloads.Builtin() {
		known = append(known, w.Name)
		if w.Name != s.Workload {
			continue
		}
		if s.Permits > 1 && w.Kind.Writes {
			return w.Kind, fmt.Errorf("permits is %d: workload %s has one writer at a time: give workload contend", s.Permits, w.Name)
		}
		if w.Kind.Keys > 0 && s.Keys == 1 {
			s.Keys = w.Kind.Keys
		}
		return w.Kind, nil
	}
	return workloads.Kind{}, fmt.Errorf("there is no workload %q: give one of %s", s.Workload, strings.Join(known, ", "))
}

// estimate is about how long all of it takes, one after the other.
func (g *gate) estimate() (all time.Duration) {
	for _, t := range g.trials {
		all += harness.Draw(g.seed, []harness.Trial{t.Trial}).Estimate()
	}
	return all
}

// lasts is the estimate in words.
func (g *gate) lasts() string {
	if g.virtual {
		return g.estimate().String() + " of virtual time"
	}
	return g.estimate().String()
}
