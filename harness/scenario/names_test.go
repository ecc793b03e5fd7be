package scenario_test

import (
	"context"
	"errors"
	"time"

	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

// lasting is a fault of the catalogue as far as a scenario can tell faults from each other.
type lasting struct{ members int }

func (l lasting) Requires() nemesis.Requirements { return nemesis.Requirements{Members: l.members} }

func (lasting) Inject(context.Context, nemesis.Target) (nemesis.Injected, error) {
	return nemesis.Injected{}, errors.New("scenarios inject nothing")
}

func (lasting) Lasts(ttl time.Duration) time.Duration { return ttl }

// known are the names of the catalogue.
func known() scenario.Names {
	n := scenario.Names{
		Strategies: []string{
			"tutorial", "tutorial+fence", "tutorial-reentrant", "tutorial-reentrant+fence", "mutex", "mutex+fence",
			"mutex-norecheck", "mutex-norecheck+fence", "election", "election+fence", "leaderelection", "leaderelection+fence", "fastqueue+fence", "rwmutex+fence", "semaphore+fence", "none", "delete-by-name", "all", "broken",
		},
		Workloads: []string{"register", "set", "contend"},
		Wants:     []string{"safe", "promised", "fenced"},
	}
	add := func(role nemesis.Role, moment nemesis.Moment, members int, names ...string) {
		for _, name := range names {
			aim := nemesis.Aim{Fault: lasting{members: members}, Role: role, Moment: moment}
			n.Faults = append(n.Faults, scenario.Fault{Name: name, Aim: aim})
		}
	}
	add(nemesis.Leader, "", 3, "isolate-leader", "split-leader-in-minority", "split-leader-in-majority",
		"mute-leader", "deafen-leader", "flap-leader", "slow-leader")
	add(nemesis.Leader, "", 0, "kill-leader", "pause-leader", "remove-leader")
	add(nemesis.Leader, "", 5, "ring", "bridge")
	add(nemesis.Follower, "", 3, "isolate-follower", "flap-follower", "kill-follower", "pause-follower", "remove-follower")
	add(nemesis.Random, "", 0, "isolate-random", "kill-random")
	add(nemesis.Majority, "", 0, "kill-majority", "pause-majority")
	add(nemesis.All, "", 0, "kill-all", "pause-all")
	add("", "", 0, "slow-peers", "reset-peers", "rolling-restart", "move-leader", "add-member", "promote-learner",
		"compact", "defragment", "snapshot", "hook")
	add(nemesis.Holder, nemesis.Acquired, 0, "isolate-holder", "mute-holder", "deafen-holder", "slow-holder",
		"cut-holder-from-leader", "strand-holder", "lose-renewal-reply", "revoke-holder", "starve-holder",
		"overstay-holder", "prolong-lease", "pause-holder", "crash-holder", "restart-holder")
	add(nemesis.Holder, nemesis.Releasing, 0, "lose-release-reply")
	add(nemesis.Waiter, nemesis.Waiting, 0, "isolate-waiter", "mute-waiter", "deafen-waiter", "slow-waiter",
		"lose-acquire-reply", "revoke-waiter", "pause-waiter", "crash-waiter")
	return n
}
