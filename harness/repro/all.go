package repro

// All are the reproductions: bugs of etcd's own locks first, then hazards of every lock with a lease, then what
// goes wrong with the lock that people copy.
func All() []Reproduction {
	return []Reproduction{
		etcd22082(),
		etcd19597(),
		etcd16221(),
		ambiguousAcquire(),
		etcd18082(),
		etcd10756(),
		etcd11456(),
		pauseNoFence(),
		checkThenAct(),
		tutorialStaleRelease(),
		tutorialPause(),
		tutorialPartition(),
		tutorialLongSection(),
		tutorialDeadKeepalive(),
		tutorialInnerRelease(),
		tutorialSharedClientID(),
		tutorialRestartInherits(),
		tutorialReadThenGone(),
		tutorialLostReply(),
		tutorialLateDelete(),
		tutorialABA(),
		tutorialPutDetachesLease(),
		tutorialLeaseLeak(),
		tutorialOneLease(),
		tutorialHerd(),
		tutorialWatchAfterDelete(),
		tutorialCompaction(),
		tutorialNoToken(),
	}
}
