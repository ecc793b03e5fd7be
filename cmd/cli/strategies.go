package cli

import (
	"lockquake/checker"
	"lockquake/harness/nemesis"
	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
)

// What strategies promise: without a fence nothing holds once a holder can stall for longer than
// its lease. A fence stands by itself: it holds even where an operator revokes the lease of a live
// holder, so no more than fenced can be promised.
var (
	unfenced = checker.Promise{Calm: checker.Exclusive}
	broke    = checker.Promise{Calm: checker.Exclusive, Broken: true}
)

// unfencedBut is the promise of strategies with a bug that one checker finds under faults.
func unfencedBut(known string) checker.Promise {
	return checker.Promise{Calm: checker.Exclusive, Known: []string{known}}
}

// soundStrategies are those that people use. Each has a twin with a fence.
func soundStrategies() []Entry[Strategy] {
	return []Entry[Strategy]{
		{"tutorial", "create-if-absent with a lease, polling, unconditional delete", Strategy{Open: locks.Tutorial, Promise: unfencedBut("release")}}, // its stale release deletes the next holder's key
		{"tutorial-reentrant", "tutorial, and held already if the value is the own client id", Strategy{Open: locks.TutorialReentrant, Can: lock.Reenters, Promise: unfencedBut("release")}},
		{"tutorial-guarded", "tutorial, but only the own key is deleted", Strategy{Open: locks.TutorialGuarded, Promise: unfenced}},
		{"mutex", "concurrency.Mutex on a session", Strategy{Open: locks.Mutex, Promise: unfenced}},
		{"mutex-trylock", "concurrency.Mutex by its TryLock, tried again and again", Strategy{Open: locks.MutexTryLock, Can: lock.Tries, Promise: unfenced}},
		{"mutex-reentrant", "mutex with a count of holds in the client", Strategy{Open: locks.MutexReentrant, Can: lock.Reenters, Promise: unfenced}},
		{"mutex-norecheck", "concurrency.Mutex as it was in etcd 3.4.3: a waiter does not look at its own key again", Strategy{Open: locks.MutexNoRecheck, Promise: unfencedBut("grant")}}, // etcd-11456: a waiter's key may be gone when its turn comes
		{"locker", "concurrency.NewLocker, a sync.Locker: no contexts, no errors", Strategy{Open: locks.Locker, Promise: unfenced}},
		{"election", "concurrency.Election: who leads holds the lock", Strategy{Open: locks.Election, Promise: unfencedBut("grant")}}, // etcd-19597: a candidate's key may be gone when its turn comes
		{"v3lock", "the lock service of etcd's servers, by gRPC", Strategy{Open: locks.V3Lock, Promise: unfenced}},
		{"rwmutex", "recipes.RWMutex, readers and a writer", Strategy{Open: locks.RWMutex, Can: lock.Shares, Promise: unfencedBut("grant")}}, // etcd-16221: the same bug
		{"leaderelection", "a record with times in it, on the clients' clocks, as Kubernetes elects leaders", Strategy{Open: locks.LeaderElection, Can: lock.Tries, Promise: unfenced, Without: nemesis.OnLease}},
		{"stm", "a record that optimistic transactions take and give back", Strategy{Open: locks.STM, Can: lock.Tries, Promise: unfenced}},
		{"semaphore", "a queue whose first few hold, as many as there are permits", Strategy{Open: locks.Semaphore, Can: lock.Counts, Promise: unfenced}},
		{"fastqueue", "a queue of our own: one request to pass the lock on, and a deadline of its own for its lease", Strategy{Open: locks.FastQueue, Can: lock.Requeues, Promise: unfenced}},
		{"fastqueue-cohort", "fastqueue shared by the goroutines of a process, which pass the lock on among themselves", Strategy{Open: locks.FastQueueCohort, Promise: unfenced}},
	}
}

// onPurpose is what the docs of broken strategies begin with.
const onPurpose = "broken on purpose: "

// brokenStrategies are broken on purpose. lockquake selftest knows under which fault each must be caught.
func brokenStrategies() []Entry[Strategy] {
	all := []Entry[Strategy]{
		{"none", "grants everybody at once", Strategy{Open: locks.None}},
		{"delete-by-name", "a try that finds the lock taken deletes its key", Strategy{Open: locks.DeleteByName}},
		{"double-grant", "a semaphore of one that compares with > instead of >=", Strategy{Open: locks.DoubleGrant}},
		{"get-then-put", "looks in one request and creates in another", Strategy{Open: locks.GetThenPut}},
		{"no-keepalive", "never renews its lease", Strategy{Open: locks.NoKeepalive}},
		{"local-lease", "trusts its lease for longer than it asked for", Strategy{Open: locks.LocalLease}},
		{"steal-by-age", "takes a holder that it has seen for a TTL for dead", Strategy{Open: locks.StealByAge}},
		{"watch-gap", "watches from now on, not from what it has read", Strategy{Open: locks.WatchGap}},
		{"leak-on-cancel", "an acquire that fails leaves its key behind", Strategy{Open: locks.LeakOnCancel}},
		{"optimistic-owner", "takes a try without an answer for won", Strategy{Open: locks.OptimisticOwner}},
		{"retried-release", "sends a delete by name again that got no answer", Strategy{Open: locks.RetriedRelease}},
		{"shared-client-id", "tutorial-reentrant, and all clients have one id", Strategy{Open: locks.SharedClientID}},
		{"unfenced-token", "its token does not grow, and the resource trusts it", Strategy{Open: locks.UnfencedToken, Fenced: true}},
		{"predecessor-gone", "fastqueue that has the lock when the key before its own is gone", Strategy{Open: locks.PredecessorGone}},
	}
	for i := range all {
		all[i].Doc = onPurpose + all[i].Doc
		all[i].Value.Promise = broke
	}
	return all
}
