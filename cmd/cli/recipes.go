package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

// coreFaults is the name of the faults that are injected where none is named, and of a calm cell beside them.
const coreFaults = "core"

// recipes are the scenarios that a run is to carry out: those that are named, or one for each fault.
func (a app) recipes(ctx context.Context, o runOptions, s *selection) ([]scenario.Scenario, error) {
	if len(o.scenarios) == 0 {
		return a.ofFaults(ctx, o, s)
	}
	if o.given("fault") {
		return nil, errors.New("give scenarios or --fault, not both: a scenario names its faults itself")
	}
	var recipes []scenario.Scenario
	for _, name := range o.scenarios {
		recipe, err := scenario.Find(name, a.catalogue.names())
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(recipes, func(r scenario.Scenario) bool { return r.Name == recipe.Name }) {
			return nil, fmt.Errorf("two scenarios are named %s: rename the file of one", recipe.Name)
		}
		recipes = append(recipes, recipe)
	}
	return recipes, nil
}

func scenarioNames() (names []string) {
	for _, file := range scenario.Named() {
		names = append(names, file.Name)
	}
	return names
}

// names are what a scenario may call by name.
func (c Catalogue) names() scenario.Names {
	n := scenario.Names{Strategies: append(names(c.Strategies), all, broken, fenced), Workloads: names(c.Workloads), Wants: checker.Wants()}
	for _, e := range c.Faults {
		n.Faults = append(n.Faults, scenario.Fault{Name: e.Name, Aim: e.Value})
	}
	return n
}

// ofFaults makes a scenario of each fault that --fault names. Faults that only a group names are left out
// where the cluster cannot do them.
func (a app) ofFaults(ctx context.Context, o runOptions, s *selection) ([]scenario.Scenario, error) {
	groups := map[string]func(string) bool{
		all:        func(string) bool { return true },
		coreFaults: func(name string) bool { return name == harness.Calm || slices.Contains(nemesis.Core(), name) },
	}
	var recipes []scenario.Scenario
	var leftOut []string
	faults, err := pick("--fault", o.faults, append([]Entry[nemesis.Aim]{{Name: harness.Calm}}, a.catalogue.Faults...), groups)
	if err != nil {
		return nil, err
	}
	kind, err := s.kind(ctx, o, o.Cluster)
	if err != nil {
		return nil, err
	}
	members := cmp.Or(kind.Members, o.Members)
	for _, e := range faults {
		if !isNamed(o.faults, e.Name) && e.Value.Fault != nil && e.Value.Requires().Unmet(kind.Abilities, members) != "" {
			leftOut = append(leftOut, e.Name)
			continue
		}
		recipes = append(recipes, alone(e))
	}
	s.leaveOut(leftOut, fmt.Sprintf("%d members of kind %s cannot do that", members, o.Cluster))
	return recipes, nil
}

// alone is a scenario of one fault, or of none.
func alone(e Entry[nemesis.Aim]) scenario.Scenario {
	if e.Value.Fault == nil {
		return scenario.Scenario{Name: e.Name}
	}
	return scenario.Alone(scenario.Fault{Name: e.Name, Aim: e.Value}, e.Doc)
}

// settings are those of a scenario, which the command line goes before, and what is usual behind.
func (o runOptions) settings(recipe scenario.Scenario) harness.Settings {
	asked := o.open(recipe.Settings)
	s := o.Settings
	if o.adapts {
		o.adapt(&s, harness.UsualOn(cmp.Or(asked.Cluster, o.Cluster)))
	}
	return s.Under(asked)
}

// adapt takes over what differs between kinds of clusters, and was not given.
func (o runOptions) adapt(s *harness.Settings, usual harness.Settings) {
	for flag, take := range map[string]func(){
		"ttl":      func() { s.TTL = usual.TTL },
		"hold":     func() { s.Hold = usual.Hold },
		"warmup":   func() { s.Warmup = usual.Warmup },
		"duration": func() { s.Duration = usual.Duration },
	} {
		if !o.given(flag) {
			take()
		}
	}
}

// open is what a scenario asks for but for what the command line says.
func (o runOptions) open(asked scenario.Settings) scenario.Settings {
	var none scenario.Settings
	for flag, leave := range map[string]func(){
		"cluster":  func() { asked.Cluster = none.Cluster },
		"members":  func() { asked.Members = none.Members },
		"clients":  func() { asked.Clients = none.Clients },
		"keys":     func() { asked.Keys = none.Keys },
		"ttl":      func() { asked.TTL = none.TTL },
		"hold":     func() { asked.Hold = none.Hold },
		"warmup":   func() { asked.Warmup = none.Warmup },
		"duration": func() { asked.Duration = none.Duration },
		"resource": func() { asked.Resource = none.Resource },
		"loss":     func() { asked.Loss = none.Loss },
		"repeat":   func() { asked.Repeat = none.Repeat },
		"workload": func() { asked.Workload = none.Workload },
		"permits":  func() { asked.Permits = none.Permits },
		"spread":   func() { asked.Spread = none.Spread },
		"rate":     func() { asked.Rate = none.Rate },
	} {
		if o.given(flag) {
			leave()
		}
	}
	return asked
}
