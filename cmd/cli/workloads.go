package cli

import (
	"fmt"

	"lockquake/harness"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// usualWorkload is carried out where none is named: the judgements rest on it.
const usualWorkload = "register"

func builtinWorkloads() []Entry[workloads.Kind] {
	register := func(r workloads.Resource) workloads.Workload { return workloads.NewRegister(r) }
	return []Entry[workloads.Kind]{
		{usualWorkload, "acquire, read a register, stay, write it, release", workloads.Kind{New: register, Writes: true}},
		{"set", "as register, but each round adds to a set: Jepsen's lock-set test", workloads.Kind{
			New: func(r workloads.Resource) workloads.Workload { return workloads.NewSet(r) }, Writes: true,
		}},
		{"many-keys", "register with 64 keys, each with a lock of its own; see --keys and --spread", workloads.Kind{New: register, Writes: true, Keys: 64}},
		{"reentrant", "register with a nested acquire and release in the critical section", workloads.Kind{
			New: func(r workloads.Resource) workloads.Workload { return workloads.NewReentrant(r) }, Writes: true, Needs: lock.Reenters,
		}},
		{"readers-writer", "four of five rounds only read, under a shared lock", workloads.Kind{
			New:    func(r workloads.Resource) workloads.Workload { return workloads.NewReadersWriter(r) },
			Writes: true, Needs: lock.Shares, Readers: 0.8,
		}},
		{"contend", "acquire, stay, release, and nothing to protect; see --permits", workloads.Kind{
			New: func(workloads.Resource) workloads.Workload { return workloads.Contend{} },
		}},
		{"try", "as contend, by clients that go away where the lock is taken, and come again", workloads.Kind{
			New: func(workloads.Resource) workloads.Workload { return workloads.Try{} }, Needs: lock.Tries,
		}},
		{"handoff", "who releases gets in line again at once, and nobody stays: what it takes to pass the lock on", workloads.Kind{
			New: func(workloads.Resource) workloads.Workload { return workloads.Handoff{} },
		}},
	}
}

// workload finds the one of the settings, and completes them by what it asks for.
func (a app) workload(o runOptions, s *harness.Settings) (Entry[workloads.Kind], error) {
	found, err := pick("workload", s.Workload, a.catalogue.Workloads, nil)
	if err != nil {
		return Entry[workloads.Kind]{}, err
	}
	w := found[0]
	switch {
	case len(found) > 1:
		return w, fmt.Errorf("--workload is %q: give one", s.Workload)
	case s.Permits > 1 && w.Value.Writes:
		return w, fmt.Errorf("--permits is %d: workload %s has one writer at a time: give --workload contend", s.Permits, w.Name)
	}
	if w.Value.Keys > 0 && s.Keys == 1 && !o.given("keys") {
		s.Keys = w.Value.Keys
	}
	return w, nil
}
