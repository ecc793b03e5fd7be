package nemesis

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/network"
)

// Members are the cluster's servers, numbered from 0. A number is never given again.
type Members interface {
	// Names are of all that ever were members.
	Names() []string
	// Believes tells whom a member takes for the leader (-1: nobody) and in which term. A member that
	// was removed does not run.
	Believes(member int) (leader int, term uint64, running bool)
}

// Killer crashes members.
type Killer interface {
	// Kill stops a member as a crash would: nothing is said to its peers or clients.
	Kill(member int) error
	// Restart brings a killed member back from its data and returns when it has found the others.
	// A majority that was killed is restarted at once: each alone would find no others.
	Restart(ctx context.Context, members ...int) error
}

// Pauser stops members' processes.
type Pauser interface {
	// PauseMember returns when the process stands still, ResumeMember when it was told to go on.
	PauseMember(member int) error
	ResumeMember(member int) error
}

// Peers are the links between members.
type Peers interface {
	// Peer is the link for what one member sends another, whichever of them dialed.
	Peer(from, to int) *network.Link
}

// Membership changes who is a member.
type Membership interface {
	// AddMember starts a new member and returns when it serves.
	AddMember(context.Context) (member int, err error)
	// AddLearner starts a new member without a vote, and Promote gives it one as soon as it has caught up.
	AddLearner(context.Context) (member int, err error)
	Promote(ctx context.Context, member int) error
	// RemoveMember takes a member out of the cluster, and ends it for good.
	RemoveMember(ctx context.Context, member int) error
}

// Maintenance is what operators do to a cluster that is well.
type Maintenance interface {
	MoveLeader(ctx context.Context, to int) error
	// Compact throws away all history before now, and gives the revision up to which it is gone.
	Compact(context.Context) (revision int64, err error)
	// Defragment gives the size of a member's data before and after, in bytes.
	Defragment(ctx context.Context, member int) (before, after int64, err error)
	// Snapshot reads a snapshot of a member to its end, and gives its size in bytes.
	Snapshot(ctx context.Context, member int) (size int64, err error)
}

// Clients are the workload's clients, numbered from 0.
type Clients interface {
	// Links are a client's links to a member and back.
	Links(client, member int) (to, from *network.Link)
	// Pause stops a client's process at its next step; Resume lets it go on, and tells whether it
	// had reached that step and was stopped there, or still waits for the lock.
	Pause(client int)
	Resume(client int) (stopped bool)
	// Linger makes a client's critical section last until Leave, or until it sees that it has lost
	// the lock. Leave tells whether that section was still going on.
	Linger(client int)
	Leave(client int) (stayed bool)
	// Crash ends a client's process and connection where they are: nothing is released, no lease
	// revoked. Restart brings it back with a new connection and the same client id.
	Crash(client int) error
	Restart(ctx context.Context, client int) error
	// LoseReply lets the client's next request that matches be answered, and loses the answer: the
	// client learns that its connection broke. stop gives up, and says what was lost; empty: nothing.
	LoseReply(client int, match func(request any) bool) (stop func() (lost string))
	// LoseRequests loses all requests that match on their way, until stop, which tells how many.
	LoseRequests(client int, match func(request any) bool) (stop func() (lost int))
}

// Leases is etcd's view of leases, asked through a client that no fault touches.
type Leases interface {
	// Revoke ends a lease and gives the revision at which it was gone.
	Revoke(context.Context, clientv3.LeaseID) (revision int64, err error)
	// Alive tells whether a lease still has time to live.
	Alive(context.Context, clientv3.LeaseID) (bool, error)
}
