package nemesis

import (
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Aim is a fault with whom it strikes, and at which moment.
type Aim struct {
	Fault  Fault
	Role   Role
	Moment Moment
}

// Requires is what the fault needs, and somebody to have the role.
func (a Aim) Requires() Requirements {
	r := a.Fault.Requires()
	if a.Role == Follower {
		r.Members = max(r.Members, 2)
	}
	if a.Moment == Renewed {
		r.Traits |= OnLease | ThroughClient
	}
	return r
}

// Role is whom an injection strikes. Who that is shows when it strikes. The zero Role is nobody in
// particular: the harm is the whole cluster's.
type Role string

// Roles of clients.
const (
	Holder Role = "holder" // in its critical section
	Waiter Role = "waiter" // has asked for the lock, and has no answer
	// AnyClient is any of the clients, whatever it is about.
	AnyClient Role = "client"
)

// Roles of members.
const (
	Leader   Role = "leader"
	Follower Role = "follower"
	Random   Role = "random"   // any member
	Majority Role = "majority" // just so many members that the others cannot commit
	All      Role = "all"      // every member
)

// OfClient tells a role of clients from one of members.
func (r Role) OfClient() bool { return r == Holder || r == Waiter || r == AnyClient }

// Moment is what an injection waits for, from its planned time on. The zero Moment is the planned time
// itself.
type Moment string

// Moments. At the first two a client stands still until the harm is done.
const (
	Acquired      Moment = "acquired"       // a client is in its critical section and has read what the lock protects
	Releasing     Moment = "releasing"      // a client is about to release
	Waiting       Moment = "waiting"        // a client waits for the lock
	Renewed       Moment = "renewed"        // a holder's lease was renewed
	LeaderChanged Moment = "leader-changed" // another member leads
)

// Victim is a client that a fault strikes.
type Victim struct {
	Role   Role
	Client int
	Key    string           // the lock's key in the history
	Lease  clientv3.LeaseID // 0: it has none
}

func (v Victim) String() string {
	if v.Lease == 0 {
		return fmt.Sprintf("c%d, %s of %s without a lease", v.Client, v.Role, v.Key)
	}
	return fmt.Sprintf("c%d, %s of %s under lease %x", v.Client, v.Role, v.Key, int64(v.Lease))
}
