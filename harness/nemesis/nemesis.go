// Package nemesis holds the faults that lockquake injects, one file each.
//
// A fault does harm through the few methods that it needs of a Target, returns the undo, and brings
// evidence that the harm was really done. It draws nothing at random and never heals by itself: when
// it strikes and for how long is the plan's business. Read harness/plan.go next.
package nemesis

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Fault is a kind of harm. Inject does it once and says in words to whom; a Fault may be injected
// again after its Heal. Inject that fails leaves nothing behind.
type Fault interface {
	Inject(context.Context, Target) (Injected, error)
}

// Injected is harm that was done.
type Injected struct {
	To    string           // the target as it was resolved, "leader m2", "client 3, lease 4f0a"
	Lease clientv3.LeaseID // the one that was struck, if it is not the holder's that the fault was aimed at
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

// Aimed is a fault that strikes a holder. Its planned time is the earliest: it waits for a holder
// that has read what the lock protects, and is injected before that holder takes another step.
type Aimed interface {
	AimsAtHolder()
}

// Target is what a fault may act on. Tests fill in what their fault needs.
type Target struct {
	Members Members
	Peers   Peers
	Clients Clients
	Leases  Leases
	Holder  Holder // of an Aimed fault
}

// Holder is a client in its critical section.
type Holder struct {
	Client int
	Key    string           // the lock's key in the history
	Lease  clientv3.LeaseID // 0: the strategy has none
}

func (h Holder) String() string {
	if h.Lease == 0 {
		return fmt.Sprintf("c%d, holder of %s without a lease", h.Client, h.Key)
	}
	return fmt.Sprintf("c%d, holder of %s under lease %x", h.Client, h.Key, int64(h.Lease))
}

// None is the fault of a calm run.
type None struct{}

// Inject does nothing; a plan never asks for it.
func (None) Inject(context.Context, Target) (Injected, error) {
	return Injected{Heal: func(context.Context) (Evidence, error) { return Evidence{}, nil }}, nil
}
