package checker

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"lockquake/checker/history"
)

// Promise is what a strategy says of itself.
type Promise struct {
	Calm   Grade // without a fault
	Faults Grade // under any fault; Ungraded: nothing
	// Known are the checkers on which nothing is promised under faults, because of a bug of the strategy
	// that is known.
	Known []string
	// Broken marks a lock that is broken on purpose, and must be caught.
	Broken bool
}

// In is the grade that is promised under a fault, or under none.
func (p Promise) In(fault string) Grade {
	if fault == calm {
		return p.Calm
	}
	return p.Faults
}

// Want is what is asked of a cell.
type Want uint8

// Wants. The zero Want is the strict one of those that heed promises.
const (
	// Safe asks for what the strategy promises, and that the cell is never unsafe.
	Safe Want = iota
	// Promised asks for just what the strategy promises, and lets known bugs pass; of a broken lock it
	// asks that it is caught.
	Promised
	// AtLeastFenced and those after it ask for that grade or a stronger one, whatever the strategy promises.
	AtLeastFenced
	AtLeastLeaseBounded
	AtLeastExclusive
)

// Wants are all of them as people write them.
func Wants() []string {
	return []string{"safe", "promised", Fenced.String(), LeaseBounded.String(), Exclusive.String()}
}

// ParseWant reads what String gives.
func ParseWant(text string) (Want, error) {
	i := slices.Index(Wants(), text)
	if i < 0 {
		return Safe, fmt.Errorf("give one of %s", strings.Join(Wants(), ", "))
	}
	return Want(i), nil
}

func (w Want) String() string { return Wants()[w] }

// grade is the least that is asked for, whatever is promised; Ungraded: what is promised.
func (w Want) grade() Grade {
	if w < AtLeastFenced {
		return Ungraded
	}
	return Fenced + Grade(w-AtLeastFenced)
}

// Judgement is all that is said of a cell. Verdicts holds those of the checkers and, last, the
// verdict "promise".
type Judgement struct {
	Grade    Grade     `json:"grade"`
	Verdicts []Verdict `json:"verdicts"`
	// Validity answers whether the cell gave what was wanted. A failure of lockquake makes it
	// Unknown: an ill-formed history must not be read as a broken guarantee.
	Validity Validity `json:"validity"`
	Harness  bool     `json:"harness,omitempty"`
}

// Judge asks each checker about a history, grades it, and compares that with what was promised.
// A checker that Validity needs and that is not in the list counts as Unknown.
func Judge(h history.History, checkers []Checker, p Promise, w Want) Judgement {
	j := Judgement{Verdicts: ask(h, checkers)}
	j.Harness = slices.ContainsFunc(j.Verdicts, func(v Verdict) bool { return v.Harness })
	j.Grade = GradeOf(h.Header, j.Verdicts)
	needed := []string{"promise", "well-formed", "evidence", "grant", "release", "progress"}
	switch {
	case p.Broken && w == Promised:
		needed = needed[:2] // who is caught is caught, with or without the fault
		j.Verdicts = append(j.Verdicts, caught(j.Grade, j.Verdicts))
	case w.grade() != Ungraded:
		j.Verdicts = append(j.Verdicts, reached(j.Grade, h.Header, w.grade()))
	default:
		j.Verdicts = append(j.Verdicts, kept(j.Grade, h.Header.Fault, p, w))
	}
	if w == Promised && h.Header.Fault != calm {
		needed = slices.DeleteFunc(needed, func(name string) bool { return slices.Contains(p.Known, name) })
	}
	j.Validity = j.merge(needed)
	return j
}

// ask puts the question of every checker, of several at once if there are cores: of a long history each keeps
// books of its own. Those that share their work among cores themselves are asked last, one by one, since the more are
// asked at once, the more memory all their books take.
func ask(h history.History, checkers []Checker) []Verdict {
	verdicts := make([]Verdict, len(checkers))
	var asked errgroup.Group
	asked.SetLimit(runtime.GOMAXPROCS(0))
	asked.Go(func() error { askOfTruth(h, checkers, verdicts); return nil })
	for i, c := range checkers {
		if byTruth(c) == nil && !sharesWork(c) {
			asked.Go(func() error { verdicts[i] = c.Check(h); return nil })
		}
	}
	_ = asked.Wait() // a checker has no errors, only verdicts
	for i, c := range checkers {
		if sharesWork(c) {
			verdicts[i] = c.Check(h)
		}
	}
	return verdicts
}

// sharesWork tells whether a checker uses all cores by itself.
func sharesWork(c Checker) bool {
	_, searches := c.(Exclusion)
	return searches
}

// truthChecker judges by the ground truth, which takes longer to work out than to judge by.
type truthChecker interface {
	judgeBy(*truth) Verdict
}

// byTruth gives a checker that judges by the ground truth, nil for another one. What embeds such a checker
// is another one: its Check may be its own.
func byTruth(c Checker) truthChecker {
	switch c := c.(type) {
	case Grant:
		return c
	case Release:
		return c
	}
	return nil
}

// askOfTruth asks the checkers that judge by the ground truth, which they share.
func askOfTruth(h history.History, checkers []Checker, verdicts []Verdict) {
	var t *truth
	for i, c := range checkers {
		c := byTruth(c)
		if c == nil {
			continue
		}
		if t == nil {
			t = newTruth(&h)
		}
		verdicts[i] = c.judgeBy(t)
	}
}

func (j *Judgement) merge(needed []string) Validity {
	if j.Harness {
		return Unknown
	}
	var verdicts []Verdict
	for _, name := range needed {
		verdicts = append(verdicts, verdictOf(j.Verdicts, name))
	}
	return Merge(verdicts)
}

// kept compares a grade with the promise.
func kept(g Grade, fault string, p Promise, w Want) Verdict {
	v := Verdict{Checker: "promise", Judged: 1}
	promised := p.In(fault)
	v.Why = fmt.Sprintf("promised %s %s, was %s", promiseName(promised), circumstances(fault), g)
	switch {
	case g == Ungraded:
		v.Validity = Unknown
	case g < promised:
		v.Validity = Invalid
	case w == Safe && g == Unsafe:
		v.Validity = Invalid
		v.Why += ", and unsafe is never wanted"
	default:
		v.Validity = Valid
	}
	return v
}

// reached compares a grade with the one that is wanted.
func reached(g Grade, header history.Header, wanted Grade) Verdict {
	v := Verdict{Checker: "promise", Judged: 1, Why: fmt.Sprintf("wanted %s %s, was %s", wanted, circumstances(header.Fault), g)}
	switch {
	case g == Ungraded:
	case g < wanted:
		v.Validity = Invalid
	default:
		v.Validity = Valid
	}
	return v
}

func circumstances(fault string) string {
	if fault == calm {
		return "in calm"
	}
	return "under " + fault
}

func promiseName(g Grade) string {
	if g <= Unsafe {
		return "nothing"
	}
	return g.String()
}

// caught tells whether a lock that is broken on purpose was found out.
func caught(g Grade, verdicts []Verdict) Verdict {
	v := Verdict{Checker: "promise", Judged: 1}
	for _, name := range []string{"exclusion", "grant", "release", "progress"} {
		if verdictOf(verdicts, name).Validity == Invalid {
			v.Validity, v.Why = Valid, "a broken lock, caught by "+name
			return v
		}
	}
	switch g {
	case Unsafe:
		v.Validity, v.Why = Valid, "a broken lock, caught by what it did to the resource"
	case Ungraded:
		v.Why = "a broken lock that could not be graded"
	default:
		v.Validity, v.Why = Invalid, fmt.Sprintf("a broken lock that was not caught: it came out %s", g)
	}
	return v
}
