package workloads

import "lockquake/workloads/lock"

// Named is a workload by the name that users call it by. Doc says in one line what clients do.
type Named struct {
	Name string
	Doc  string
	Kind Kind
}

// Usual is the name of the workload that is carried out where none is named: the judgements rest on it.
const Usual = "register"

// Builtin are the workloads, Usual first. To add one, write its file and one entry here.
func Builtin() []Named {
	register := func(r Resource) Workload { return NewRegister(r) }
	return []Named{
		{Usual, "acquire, read a register, stay, write it, release", Kind{New: register, Writes: true}},
		{"set", "as register, but each round adds to a set: Jepsen's lock-set test", Kind{
			New: func(r Resource) Workload { return NewSet(r) }, Writes: true,
		}},
		{"many-keys", "register with 64 keys, each with a lock of its own; see --keys and --spread", Kind{New: register, Writes: true, Keys: 64}},
		{"reentrant", "register with a nested acquire and release in the critical section", Kind{
			New: func(r Resource) Workload { return NewReentrant(r) }, Writes: true, Needs: lock.Reenters,
		}},
		{"readers-writer", "four of five rounds only read, under a shared lock", Kind{
			New:    func(r Resource) Workload { return NewReadersWriter(r) },
			Writes: true, Needs: lock.Shares, Readers: 0.8,
		}},
		{"contend", "acquire, stay, release, and nothing to protect; see --permits", Kind{
			New: func(Resource) Workload { return Contend{} },
		}},
		{"try", "as contend, by clients that go away where the lock is taken, and come again", Kind{
			New: func(Resource) Workload { return Try{} }, Needs: lock.Tries,
		}},
		{"handoff", "who releases gets in line again at once, and nobody stays: what it takes to pass the lock on", Kind{
			New: func(Resource) Workload { return Handoff{} },
		}},
	}
}
