// Package nemesis holds the faults that lockquake injects, one file each.
//
// A fault does harm through the few methods that it needs of a Target, returns the undo, and brings
// evidence that the harm was really done. It draws nothing at random and never heals by itself: when
// it strikes, whom and for how long is the plan's business. Read harness/plan.go next.
package nemesis

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Fault is a kind of harm. Inject does it once and says in words to whom; a Fault may be injected
// again, also before its Heal, and beside others. Inject that fails leaves nothing behind.
type Fault interface {
	// Requires is asked before a run, so that a cluster that cannot do the harm is refused.
	Requires() Requirements
	Inject(context.Context, Target) (Injected, error)
}

// ErrMissed is wrapped by the error of an injection that surely did nothing: whom it was to strike was not
// there.
var ErrMissed = errors.New("there was nothing to strike")

// missed is an ErrMissed that says what was not there.
type missed string

func (m missed) Error() string      { return string(m) }
func (missed) Is(target error) bool { return target == ErrMissed }

// Injected is harm that was done.
type Injected struct {
	To    string           // the target as it was resolved, "m2 leads term 4", "c3, holder of k0 under lease 4f0a"
	Lease clientv3.LeaseID // the one that was struck, if it is not the victim's
	Heal  Heal
}

// Heal undoes the harm and says what was observed of it. It undoes all that it can even where it
// returns an error.
type Heal func(context.Context) (Evidence, error)

// Evidence is what was observed of an injection. The zero Evidence is none, and makes a cell unknown.
type Evidence struct {
	Observed bool
	What     string
}

// Lasting is a fault with a duration of its own: how long harm must last to matter under a TTL.
// Other faults are instants.
type Lasting interface {
	Lasts(ttl time.Duration) time.Duration
}

// Target is what a fault may act on, and whom the plan wants it to strike. What a cluster cannot do is
// nil in it; a fault whose requirements are met never finds that out. Tests fill in what their fault needs.
type Target struct {
	Members     Members
	Killer      Killer
	Pauser      Pauser
	Peers       Peers
	Membership  Membership
	Maintenance Maintenance
	Clients     Clients
	Leases      Leases

	Role   Role          // whom to strike
	Victim Victim        // who that is, for the roles of clients
	Held   Victim        // one who holds a lock at that time; zero: nobody does
	Pick   int           // drawn for the plan, at least 0: chooses among equals, and seeds jitter
	TTL    time.Duration // of the clients' leases
}
