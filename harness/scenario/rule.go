package scenario

import (
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"lockquake/harness/nemesis"
)

// rule reads an entry of faults, and holds it against what the scenario asks for otherwise.
func (r *reader) rule(entry ast.Node, s Settings) Rule {
	rule := Rule{Probability: 1}
	var fault, target, when string
	before := len(r.mistakes)
	given := r.fields(entry, "a rule", []field{
		{"fault", r.name(&fault, "pause-holder")},
		{"target", r.oneOf(&target, targets...)},
		{"when", r.oneOf(&when, moments...)},
		{"every", r.duration(&rule.Every, MinTime, MaxTime)},
		{"jitter", r.duration(&rule.Jitter, 0, MaxTime)},
		{"for", r.span(&rule.For)},
		{"probability", r.share(&rule.Probability)},
		{"limit", r.number(&rule.Limit, MaxLimit)},
		{"after", r.duration(&rule.After, 0, MaxTime)},
	})
	if len(r.mistakes) > before {
		return rule // what is wrong in more than one field shows when each is right
	}
	if _, ok := given["fault"]; !ok {
		r.wrong(first(entry), "fault: it is missing: give a name such as pause-holder")
		return rule
	}
	if !r.aim(&rule, given, fault, target) {
		return rule
	}
	rule.Aim.Moment = moment(rule.Aim.Moment, when, rule.Every)
	r.checkTimes(rule, given, s)
	r.checkChance(rule, given, s)
	return rule
}

// nothing is what other places have for no fault at all.
const nothing = "none"

// aim finds the rule's fault: by its name, or by a kind and a target.
func (r *reader) aim(rule *Rule, given map[string]value, fault, target string) (found bool) {
	rule.Fault = fault
	if target != "" {
		rule.Fault += "-" + target
	}
	rule.Aim, found = r.known.fault(rule.Fault)
	_, whole := r.known.fault(fault)
	of := r.known.targetsOf(fault)
	switch {
	case fault == nothing:
		r.expect(given["fault"], "%q does nothing: leave the rule out", fault)
	case found:
		return true
	case whole:
		r.expect(given["target"], "%q says by itself whom it strikes: leave the target out", fault)
	case len(of) == 0:
		r.expect(given["fault"], "%s", noSuch(fault, r.known.faults(), "lockquake list faults"))
	case target == "":
		r.expect(given["fault"], "%q needs a target: give one of %s", fault, strings.Join(of, ", "))
	default:
		r.expect(given["target"], "there is no %q: give one of %s", rule.Fault, strings.Join(of, ", "))
	}
	return false
}

// moment is what a rule waits for: as it says itself; by time, if it gives times alone; else as the
// fault has it.
func moment(byDefault nemesis.Moment, when string, every time.Duration) nemesis.Moment {
	switch {
	case when == anytime, when == "" && every > 0:
		return ""
	case when == "":
		return byDefault
	}
	return nemesis.Moment(when)
}

// checkTimes finds times that contradict each other.
func (r *reader) checkTimes(rule Rule, given map[string]value, s Settings) {
	ttl := max(s.TTL, MinTTL)
	lasts := rule.For.Under(ttl)
	switch {
	case rule.For != Span{} && lasts <= 0:
		r.expect(given["for"], "%s is nothing at a TTL of %s: give more", rule.For, brief(ttl))
	case lasts > MaxTime:
		r.expect(given["for"], "give at most %s", brief(MaxTime))
	case rule.Every > 0 && lasts > rule.Every:
		r.expect(given["for"], "%s is longer than every, %s: one rule's injections never overlap", brief(lasts), brief(rule.Every))
	}
	switch {
	case rule.Jitter > 0 && rule.Every == 0:
		r.expect(given["jitter"], "it is how far injections stray from every: give every too")
	case rule.Jitter > rule.Every/2:
		r.expect(given["jitter"], "give at most half of every, %s", brief(rule.Every/2))
	}
	if s.Duration > 0 && rule.After >= s.Duration {
		r.expect(given["after"], "give less than the duration, %s", brief(s.Duration))
	}
}

// checkChance finds rules that can never strike.
func (r *reader) checkChance(rule Rule, given map[string]value, s Settings) {
	blame := given["fault"]
	if when, ok := given["when"]; ok {
		blame = when
	} else if target, ok := given["target"]; ok {
		blame = target
	}
	waiting := rule.Aim.Role == nemesis.Waiter || rule.Aim.Moment == nemesis.Waiting
	following := rule.Aim.Role == nemesis.Follower || rule.Aim.Moment == nemesis.LeaderChanged
	switch {
	case waiting && s.Clients == 1:
		r.expect(blame, "one client never waits: give clients: 2 or more")
	case following && s.Members == 1:
		r.expect(blame, "one member leads for ever: give members: 3 or more")
	case rule.Aim.Fault != nil && s.Members > 0 && s.Members < rule.Aim.Requires().Members:
		r.expect(given["fault"], "%q needs %d members, and here are %d", rule.Fault, rule.Aim.Requires().Members, s.Members)
	}
}
