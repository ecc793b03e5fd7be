package repro

// All are the reproductions: bugs of etcd's own locks first, then hazards of every lock with a lease, then what
// goes wrong with the lock that people copy.
func All() []Reproduction {
	return []Reproduction{
		etcd22082(),
		etcd11456(),
		tutorialStaleRelease(),
	}
}
