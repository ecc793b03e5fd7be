// Package locks holds the lock strategies that lockquake knows, one file each: those that people
// use, with the hazards that they are known for, and some that are broken on purpose, which a
// harness that works must catch.
//
// Every strategy is a lock.Strategy, and its file reads as its protocol from top to bottom. What
// several of them need, keeping leases, creating a key, waiting for older ones and calling what knows
// no context, is in session.go, key.go, queue.go and blocking.go. The package judges nothing and
// injects nothing. Read workloads/lock for the contract, mutex.go for the lock that etcd ships,
// tutorial.go for the one that people copy.
//
// Hazards are called by the names of the upstream issues ("etcd-11456" is issue 11456 of
// etcd-io/etcd) or, where there is none, by a name of ours.
package locks
