package cli

import (
	"fmt"
	"slices"

	"lockquake/checker"
	"lockquake/results"
)

// specimen is a lock with what the selftest saw of it: a broken one under the fault that it is caught by, a sound one
// under all.
type specimen struct {
	Strategy string `json:"strategy"`
	Broken   bool   `json:"broken"`
	Fault    string `json:"fault,omitempty"`
	Checker  string `json:"checker,omitempty"` // that must catch it
	Cells    int    `json:"cells"`             // that were planned
	Accused  int    `json:"accused"`           // in so many of them; of a broken lock: by its checker
	Unknown  int    `json:"unknown"`           // in so many it could not be told, or the harness failed
	// Low and High are the 95 % interval of the rate of Accused among those that could be told.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Why is what was said first, of cells that came out as they should not if there are any.
	Why string `json:"why,omitempty"`
}

// sighting is what one cell says of its lock.
type sighting struct {
	state sightingState
	why   string
}

type sightingState uint8

const (
	notTold sightingState = iota
	cleared
	accused
)

// sightingOf asks a cell of a broken lock for the checker that must catch it. That the checker found nothing means
// nothing where the fault may not have happened.
func (it catch) sightingOf(o outcome) sighting {
	if o.err != nil {
		return sighting{notTold, o.err.Error()}
	}
	v, evidence := verdict(o.judgement, it.checker), verdict(o.judgement, "evidence")
	switch {
	case o.judgement.Harness:
		return sighting{notTold, "a failure of lockquake: " + harnessFault(o.judgement)}
	case v.Validity == checker.Invalid:
		return sighting{accused, v.Why}
	case v.Validity == checker.Valid && evidence.Validity == checker.Valid:
		return sighting{cleared, "not caught: " + v.Why}
	case v.Validity == checker.Valid:
		return sighting{notTold, evidence.Why}
	}
	return sighting{notTold, v.Why}
}

// sightingOfSound asks a cell of a sound lock whether it kept its promise.
func sightingOfSound(o outcome, p checker.Promise) sighting {
	switch {
	case o.err != nil:
		return sighting{notTold, o.err.Error()}
	case o.judgement.Validity == checker.Valid:
		return sighting{cleared, ""}
	case o.judgement.Validity == checker.Invalid:
		return sighting{accused, charge(o, p, checker.Invalid)}
	case o.judgement.Harness:
		return sighting{notTold, "a failure of lockquake: " + harnessFault(o.judgement)}
	}
	return sighting{notTold, charge(o, p, checker.Unknown)}
}

func harnessFault(j checker.Judgement) string {
	for _, v := range j.Verdicts {
		if v.Harness {
			return v.Checker + ": " + v.Why
		}
	}
	return "no checker says which"
}

// charge is the first verdict of that kind among those that a promise is kept by.
func charge(o outcome, p checker.Promise, v checker.Validity) string {
	for _, name := range []string{"grant", "release", "progress", "promise", "evidence", "well-formed"} {
		found := verdict(o.judgement, name)
		if found.Validity == v && !slices.Contains(p.Known, name) {
			return fmt.Sprintf("%s: %s: %s", o.name.Fault, name, found.Why)
		}
	}
	return o.name.Fault + ": it is not said why"
}

// examine makes of the cells of so many seeds what they say of each lock.
func examine(c Catalogue, seeds int, outcomes []outcome) (all []specimen) {
	e := exhibits{seeds, map[results.CellName]outcome{}}
	for _, o := range outcomes {
		e.cells[o.name] = o
	}
	for _, p := range proofs() {
		for _, it := range p.catches {
			s := specimen{Strategy: it.strategy, Broken: true, Fault: p.fault, Checker: it.checker}
			all = append(all, s.count(e.look(it.strategy, p.fault, it.sightingOf)))
		}
	}
	for _, strategy := range spared() {
		sightingOf := func(o outcome) sighting { return sightingOfSound(o, c.promise(strategy)) }
		var sightings []sighting
		for _, p := range proofs() {
			sightings = append(sightings, e.look(strategy, p.fault, sightingOf)...)
		}
		all = append(all, specimen{Strategy: strategy}.count(sightings))
	}
	return all
}

// exhibits are the cells of a selftest.
type exhibits struct {
	seeds int
	cells map[results.CellName]outcome
}

// look asks the cells of a lock under a fault, one for each seed. One that is missing could not be told.
func (e exhibits) look(strategy, fault string, sightingOf func(outcome) sighting) (all []sighting) {
	for i := range e.seeds {
		o, there := e.cells[results.CellName{Strategy: strategy, Fault: fault, Repeat: i + 1}]
		if !there {
			all = append(all, sighting{notTold, "not carried out"})
			continue
		}
		all = append(all, sightingOf(o))
	}
	return all
}

// count fills in what the sightings say together.
func (s specimen) count(sightings []sighting) specimen {
	wrong, wanted := accused, cleared
	if s.Broken {
		wrong, wanted = cleared, accused
	}
	s.Cells = len(sightings)
	for _, state := range []sightingState{wrong, notTold, wanted} {
		for _, seen := range sightings {
			if seen.state != state {
				continue
			}
			if s.Why == "" {
				s.Why = seen.why
			}
			switch state {
			case accused:
				s.Accused++
			case notTold:
				s.Unknown++
			}
		}
	}
	s.Low, s.High = results.Wilson(s.Accused, s.Cells-s.Unknown)
	return s
}

// code is the exit code: of what is known first.
func (s specimen) code() int {
	missed := s.Cells - s.Unknown - s.Accused
	switch {
	case s.Broken && missed > 0, !s.Broken && s.Accused > 0:
		return exitBroken
	case s.Unknown > 0 || s.Cells == 0:
		return exitUnknown
	}
	return exitHeld
}
