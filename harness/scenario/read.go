package scenario

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

func (r *reader) scenario(into *Scenario, root ast.Node) {
	s := &into.Settings
	given := r.fields(root, "a scenario", []field{
		{"doc", r.line(&into.Doc)},
		{"cluster", r.oneOf(&s.Cluster, Embed, Process, External, Virtual)},
		{"strategies", r.strategies(&s.Strategies)},
		{"members", r.members(&s.Members)},
		{"clients", r.number(&s.Clients, MaxClients)},
		{"keys", r.number(&s.Keys, MaxKeys)},
		{"ttl", r.ttl(&s.TTL)},
		{"hold", r.hold(&s.Hold)},
		{"warmup", r.duration(&s.Warmup, MinTime, MaxTime)},
		{"duration", r.duration(&s.Duration, MinTime, MaxTime)},
		{"resource", r.oneOf(&s.Resource, InMemory, InEtcd)},
		{"loss", r.oneOf(&s.Loss, Heeded, Ignored)},
		{"repeat", r.number(&s.Repeat, MaxRepeat)},
		{"workload", r.workload(&s.Workload)},
		{"permits", r.number(&s.Permits, MaxClients)},
		{"spread", r.oneOf(&s.Spread, Uniform, Zipf)},
		{"rate", r.rate(&s.Rate)},
		{"want", r.oneOf(&into.Want.Guarantee, r.known.Wants...)},
		{"max-p99", r.duration(&into.Want.MaxP99, MinThreshold, MaxTime)},
		{"max-gap", r.duration(&into.Want.MaxGap, MinThreshold, MaxTime)},
		{"min-ops", r.number(&into.Want.MinOps, MaxOps)},
		{"faults", nil}, // last: rules are held against the settings
	})
	if faults, ok := given["faults"]; ok {
		into.Rules = r.rules(faults, *s)
	} else if len(r.mistakes) == 0 {
		r.mistake(1, 1, "faults: they are missing: give a list of rules, or [] for a calm run")
	}
}

func (r *reader) rules(v value, s Settings) (rules []Rule) {
	all, ok := v.node.(*ast.SequenceNode)
	if !ok {
		r.expect(v, "give a list of rules, or [] for a calm run")
		return nil
	}
	for n, entry := range all.Values {
		if n == MaxRules {
			r.wrong(first(entry), "faults: give at most %d rules", MaxRules)
			break
		}
		rules = append(rules, r.rule(entry, s))
	}
	return rules
}

func (r *reader) strategies(into *[]string) func(value) {
	return func(v value) {
		r.list(v, "[mutex, tutorial]", func(entry value) {
			name, ok := text(entry, longestName)
			switch {
			case !ok:
				r.expect(entry, "give a name such as mutex")
			case r.known.Strategies != nil && !slices.Contains(r.known.Strategies, name):
				r.expect(entry, "%s", noSuch(name, r.known.Strategies, "lockquake list strategies"))
			case slices.Contains(*into, name):
				r.expect(entry, "%q is given twice", name)
			default:
				*into = append(*into, name)
			}
		})
	}
}

func (r *reader) workload(into *string) func(value) {
	return func(v value) {
		name, ok := text(v, longestName)
		switch {
		case !ok:
			r.expect(v, "give a name such as register")
		case !slices.Contains(r.known.Workloads, name):
			r.expect(v, "%s", noSuch(name, r.known.Workloads, "lockquake list workloads"))
		default:
			*into = name
		}
	}
}

// members refuses even numbers: they survive no more failures than the odd one below.
func (r *reader) members(into *int) func(value) {
	return func(v value) {
		if n, ok := whole(v.node); !ok || n%2 == 0 || n > MaxMembers {
			r.expect(v, "give an odd number from 1 to %d", MaxMembers)
		} else {
			*into = int(n)
		}
	}
}

// ttl takes whole seconds: etcd grants no others.
func (r *reader) ttl(into *time.Duration) func(value) {
	return func(v value) {
		before := len(r.mistakes)
		r.duration(into, MinTTL, MaxTTL)(v)
		if len(r.mistakes) == before && *into%time.Second != 0 {
			r.expect(v, "give whole seconds, etcd grants no others")
		}
	}
}
