// Package cli is the command line, and the catalogue of everything that can be named on it. It is
// the only package that knows every strategy: to add one, write its file and add one line to Builtin. Faults, workloads
// and checkers have their lists beside them, also for harness/locktest.
package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// Entry is a thing that users call by its name. Doc says in one line what it is.
type Entry[T any] struct {
	Name  string
	Doc   string
	Value T
}

// Strategy is a lock strategy with what is said of it.
type Strategy struct {
	Open lock.Strategy
	// Can are the abilities of the locks that it opens.
	Can     lock.Abilities
	Promise checker.Promise
	// Fenced makes the resource refuse writes that come with an old token.
	Fenced bool
	// Without are traits that most locks have, and this one has not: faults that need them are left out.
	Without nemesis.Trait
}

// Catalogue is everything that can be named.
type Catalogue struct {
	Strategies []Entry[Strategy]
	Workloads  []Entry[workloads.Kind]
	Faults     []Entry[nemesis.Aim]
	Checkers   []Entry[checker.Checker]
}

// Builtin is the catalogue that lockquake comes with.
func Builtin() Catalogue {
	return Catalogue{
		Strategies: append(withFences(soundStrategies()), brokenStrategies()...),
		Workloads:  entries(workloads.Builtin(), func(n workloads.Named) (string, string, workloads.Kind) { return n.Name, n.Doc, n.Kind }),
		Faults:     entries(nemesis.Builtin(), func(n nemesis.Named) (string, string, nemesis.Aim) { return n.Name, n.Doc, n.Aim }),
		Checkers:   entries(checker.Builtin(), func(n checker.Named) (string, string, checker.Checker) { return n.Name, n.Doc, n.Checker }),
	}
}

func entries[N, T any](all []N, parts func(N) (name, doc string, value T)) []Entry[T] {
	var entries []Entry[T]
	for _, n := range all {
		name, doc, value := parts(n)
		entries = append(entries, Entry[T]{name, doc, value})
	}
	return entries
}

// fence is how the name of a strategy ends whose resource refuses old tokens.
const fence = "+fence"

// withFences adds to each strategy its twin with a fenced resource.
func withFences(strategies []Entry[Strategy]) []Entry[Strategy] {
	var all []Entry[Strategy]
	for _, s := range strategies {
		twin := s.Value
		twin.Fenced, twin.Promise.Faults = true, checker.Fenced
		all = append(all, s, Entry[Strategy]{s.Name + fence, s.Name + ", and the resource refuses old tokens", twin})
	}
	return all
}

// AddStrategy adds a strategy to those that can be named. What is wrong with it, Main tells before a cluster starts.
func (c *Catalogue) AddStrategy(name, doc string, s Strategy) {
	c.Strategies = append(c.Strategies, Entry[Strategy]{name, doc, s})
}

// validate finds names that could not be told apart, and strategies that open nothing.
func (c Catalogue) validate() error {
	for _, s := range c.Strategies {
		if s.Value.Open == nil {
			return fmt.Errorf("strategy %q of the catalogue has no Open: give the function that opens the lock", s.Name)
		}
	}
	return errors.Join(
		validNames("strategy", names(c.Strategies), all, broken, fenced),
		validNames("workload", names(c.Workloads)),
		validNames("fault", names(c.Faults), all, coreFaults, harness.Calm),
		validNames("checker", names(c.Checkers)),
	)
}

// validNames finds names that are there twice, stand for something else, or could not be given in a list.
func validNames(kind string, names []string, reserved ...string) error {
	seen := map[string]bool{}
	for _, name := range names {
		switch {
		case seen[name]:
			return fmt.Errorf("the catalogue has the %s %q twice: give one of them another name", kind, name)
		case slices.Contains(reserved, name):
			return fmt.Errorf("the catalogue has a %s named %q, which stands for several: give it another name", kind, name)
		case name == "" || strings.ContainsFunc(name, unnameable):
			return fmt.Errorf("the catalogue has a %s named %q: give it a name without spaces and commas", kind, name)
		}
		seen[name] = true
	}
	return nil
}

// unnameable are characters that end a name in a list, or break its line.
func unnameable(r rune) bool { return r == ',' || unicode.IsSpace(r) || !unicode.IsPrint(r) }

// pickStrategies finds those of a list that a workload can be carried out with. One that only a group names is
// left out if it cannot.
func (c Catalogue) pickStrategies(list string, w Entry[workloads.Kind], permits int) (picked []Entry[Strategy], leftOut []string, err error) {
	found, err := pick("--strategy", list, c.Strategies, map[string]func(string) bool{
		all:    func(name string) bool { return !c.broken(name) },
		broken: c.broken,
		fenced: c.fenced,
	})
	if err != nil {
		return nil, nil, err
	}
	for _, e := range found {
		err := fits(e, w, permits)
		switch {
		case err == nil:
			picked = append(picked, e)
		case isNamed(list, e.Name):
			return nil, nil, err
		default:
			leftOut = append(leftOut, e.Name)
		}
	}
	if len(picked) == 0 {
		return nil, nil, fmt.Errorf("--strategy %s: none of them has the abilities that workload %s needs: %v", list, w.Name, needs(w, permits))
	}
	return picked, leftOut, nil
}

// needs are the abilities without which there is nothing to carry out.
func needs(w Entry[workloads.Kind], permits int) lock.Abilities {
	if permits > 1 {
		return w.Value.Needs | lock.Counts
	}
	return w.Value.Needs
}

func fits(e Entry[Strategy], w Entry[workloads.Kind], permits int) error {
	if missing := needs(w, permits) &^ e.Value.Can; missing != 0 {
		return fmt.Errorf("strategy %s cannot do what workload %s needs%s: %v; lockquake list strategies says what each can do", e.Name, w.Name, forPermits(permits), missing)
	}
	if e.Value.Fenced && !w.Value.Writes {
		return fmt.Errorf("strategy %s: workload %s writes nothing that a fence could protect: give %s", e.Name, w.Name, strings.TrimSuffix(e.Name, fence))
	}
	return nil
}

func forPermits(permits int) string {
	if permits > 1 {
		return fmt.Sprintf(" for %d permits", permits)
	}
	return ""
}

func (c Catalogue) fenced(strategy string) bool {
	return slices.ContainsFunc(c.Strategies, func(e Entry[Strategy]) bool {
		return e.Name == strategy && e.Value.Fenced && !e.Value.Promise.Broken
	})
}

func (c Catalogue) broken(strategy string) bool {
	return slices.ContainsFunc(c.Strategies, func(e Entry[Strategy]) bool { return e.Name == strategy && e.Value.Promise.Broken })
}

func names[T any](entries []Entry[T]) []string {
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	return names
}

// Names of several entries at once.
const (
	all    = "all"    // of the strategies: but for the broken ones
	broken = "broken" // the strategies that are broken on purpose
	fenced = "fenced" // the strategies whose resource refuses old tokens, but for the broken ones
)

// isNamed tells whether a list has a name itself, and not only a group that it belongs to.
func isNamed(list, name string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(given string) bool { return strings.TrimSpace(given) == name })
}

// pick finds the entries that a list of names means; a group of names is given by a name of its own.
func pick[T any](place, list string, entries []Entry[T], groups map[string]func(name string) bool) ([]Entry[T], error) {
	var picked []Entry[T]
	seen := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		found := false
		for _, e := range entries {
			group, ok := groups[name]
			meant := e.Name == name || ok && group(e.Name)
			found = found || meant
			if meant && !seen[e.Name] {
				seen[e.Name] = true
				picked = append(picked, e)
			}
		}
		if !found {
			return nil, unknownName(place, name, append(names(entries), slices.Sorted(maps.Keys(groups))...))
		}
	}
	return picked, nil
}
