package cli

import (
	"errors"
	"slices"

	"lockquake/harness/nemesis"
	"lockquake/workloads/program"
)

// execName is the strategy of --exec.
const execName = "exec"

// withProgram adds the strategy of --exec to the catalogue, and its twin with a fence. Where no other strategy
// is given, it is the one that is meant.
func (a app) withProgram(o runOptions) (app, runOptions, error) {
	if !o.given("exec") {
		return a, o, nil
	}
	if o.exec == "" {
		return a, o, errors.New("--exec is empty: give the command that starts your program")
	}
	a.catalogue.Strategies = append(slices.Clip(a.catalogue.Strategies), ofProgram(o.exec)...)
	if !o.given("strategy") {
		given := o.given
		o.strategies = execName
		o.given = func(flag string) bool { return flag == "strategy" || given(flag) }
	}
	return a, o, a.catalogue.validate()
}

// ofProgram knows nothing of a program but what everybody expects of a lock.
func ofProgram(command string) []Entry[Strategy] {
	s := Strategy{Open: program.Strategy(command), Promise: unfenced, Without: nemesis.ThroughClient}
	return withFences([]Entry[Strategy]{{execName, command, s}})
}
