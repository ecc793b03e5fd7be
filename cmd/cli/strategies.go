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
	}
}

// brokenStrategies are broken on purpose. lockquake selftest knows under which fault each must be caught.
func brokenStrategies() []Entry[Strategy] {
	var all []Entry[Strategy]
	for _, s := range []struct {
		name, doc string
		open      lock.Strategy
	}{
		{"none", "grants everybody at once", locks.None},
		{"delete-by-name", "a try that finds the lock taken deletes its key", locks.DeleteByName},
		{"double-grant", "a semaphore of one that compares with > instead of >=", locks.DoubleGrant},
		{"get-then-put", "looks in one request and creates in another", locks.GetThenPut},
		{"no-keepalive", "never renews its lease", locks.NoKeepalive},
		{"local-lease", "trusts its lease for longer than it asked for", locks.LocalLease},
		{"steal-by-age", "takes a holder that it has seen for a TTL for dead", locks.StealByAge},
		{"watch-gap", "watches from now on, not from what it has read", locks.WatchGap},
		{"leak-on-cancel", "an acquire that is given up leaves its key behind", locks.LeakOnCancel},
		{"optimistic-owner", "takes a try without an answer for won", locks.OptimisticOwner},
		{"retried-release", "sends a delete by name again that got no answer", locks.RetriedRelease},
		{"shared-client-id", "tutorial-reentrant, and all clients have one id", locks.SharedClientID},
		{"unfenced-token", "its token does not grow", locks.UnfencedToken},
		{"predecessor-gone", "fastqueue that has the lock when the key before its own is gone", locks.PredecessorGone},
	} {
		all = append(all, Entry[Strategy]{s.name, "broken on purpose: " + s.doc, Strategy{Open: s.open, Promise: broke}})
	}
	return all
}
