package checker

// Named is a checker by the name that its verdicts have. Doc says in one line what it asks.
type Named struct {
	Name    string
	Doc     string
	Checker Checker
}

// Builtin are the checkers that Judge needs for a whole judgement. To add one, write its file and one line here.
func Builtin() []Named {
	return []Named{
		{"well-formed", "is the history itself sound", WellFormed{}},
		{"exclusion", "did two holds of one key ever overlap, as the clients saw it", Exclusion{}},
		{"lease-bounded", "had the older of two holders outlived what it could know of its lease", LeaseBounds{}},
		{"fencing", "did the resource accept a stale write, or lose an acknowledged one", Fencing{}},
		{"grant", "was each grant the turn of the caller's key, as etcd saw it", Grant{}},
		{"release", "was each lock key deleted only by its owner, its lease's end or an injected fault", Release{}},
		{"progress", "did every waiter resolve after the last heal, and was the lock free at the end", Progress{}},
		{"evidence", "did the planned faults really happen", Evidence{}},
	}
}

// All are the checkers of Builtin alone.
func All() []Checker {
	var all []Checker
	for _, n := range Builtin() {
		all = append(all, n.Checker)
	}
	return all
}
