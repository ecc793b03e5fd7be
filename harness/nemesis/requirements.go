package nemesis

import (
	"fmt"
	"strings"
)

// Ability is something that a cluster lets faults do to it; a set of them is their sum.
type Ability uint

// Abilities.
const (
	LinkPeers     Ability = 1 << iota // each link between two members has its own rules
	Kill                              // members are killed, and restarted from their data
	Pause                             // members are stopped in their tracks, and go on
	ChangeMembers                     // members are added, promoted and removed
	Maintain                          // leadership is moved; data is compacted, defragmented, copied
	RunHooks                          // the user's commands inject and heal
)

var abilities = []struct {
	ability Ability
	missing string
}{
	{LinkPeers, "cannot cut one member's link to another"},
	{Kill, "cannot kill members"},
	{Pause, "cannot pause members: one of kind process can"},
	{ChangeMembers, "cannot add or remove members"},
	{Maintain, "cannot be maintained from outside"},
	{RunHooks, "has no hooks: give --inject-cmd and --heal-cmd"},
}

// Trait is something about locks that faults strike at; a set of them is their sum.
type Trait uint

// Traits.
const (
	OnLease       Trait = 1 << iota // it is held as long as a lease lives
	ThroughClient                   // its requests are those of its clientv3.Client
)

var traits = []struct {
	trait   Trait
	missing string
}{
	{OnLease, "lives on no lease"},
	{ThroughClient, "does not talk to etcd through its client"},
}

// Requirements are what a fault needs of a cluster, and of the lock.
type Requirements struct {
	Members   int // at least so many; 0: any number will do
	Abilities Ability
	Traits    Trait
}

// UnmetBy says why a lock without some traits does not do; empty: it does.
func (r Requirements) UnmetBy(without Trait) string {
	var missing []string
	for _, t := range traits {
		if r.Traits&without&t.trait != 0 {
			missing = append(missing, t.missing)
		}
	}
	return strings.Join(missing, ", ")
}

// Unmet says why a cluster with some abilities and members does not do; empty: it does.
func (r Requirements) Unmet(have Ability, members int) string {
	var missing []string
	for _, a := range abilities {
		if r.Abilities&^have&a.ability != 0 {
			missing = append(missing, a.missing)
		}
	}
	if len(missing) > 0 {
		return strings.Join(missing, ", ")
	}
	if members < r.Members {
		return fmt.Sprintf("has %d members, and %d are needed", members, r.Members)
	}
	return ""
}
