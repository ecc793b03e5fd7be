package cli

import (
	"lockquake/harness/nemesis"
)

// builtinFaults are in families; the name of a fault ends with whom it strikes.
func builtinFaults() []Entry[nemesis.Aim] {
	return []Entry[nemesis.Aim]{
		// Links between members.
		{"isolate-leader", "the leader is cut off from its peers", nemesis.Aim{Fault: nemesis.IsolateMember{}, Role: nemesis.Leader}},
		{"isolate-follower", "a follower is cut off from its peers", nemesis.Aim{Fault: nemesis.IsolateMember{}, Role: nemesis.Follower}},
		{"isolate-random", "any member is cut off from its peers", nemesis.Aim{Fault: nemesis.IsolateMember{}, Role: nemesis.Random}},
		{"split-leader-in-minority", "the members are split in two, the leader in the smaller part", nemesis.Aim{Fault: nemesis.Split{Leader: nemesis.InMinority}}},
		{"split-leader-in-majority", "the members are split in two, the leader in the larger part", nemesis.Aim{Fault: nemesis.Split{Leader: nemesis.InMajority}}},
		{"ring", "of five members each hears its two neighbours only", nemesis.Aim{Fault: nemesis.Ring{}}},
		{"bridge", "of five members two and two hear each other only through the fifth", nemesis.Aim{Fault: nemesis.Bridge{}}},
		{"mute-leader", "nothing that the leader sends reaches its peers", nemesis.Aim{Fault: nemesis.MuteMember{}, Role: nemesis.Leader}},
		{"deafen-leader", "nothing that its peers send reaches the leader", nemesis.Aim{Fault: nemesis.DeafenMember{}, Role: nemesis.Leader}},
		{"flap-leader", "the leader is cut off from its peers again and again", nemesis.Aim{Fault: nemesis.FlapMember{}, Role: nemesis.Leader}},
		{"flap-follower", "a follower is cut off from its peers again and again", nemesis.Aim{Fault: nemesis.FlapMember{}, Role: nemesis.Follower}},
		{"slow-peers", "what members send each other comes late, each time by another delay", nemesis.Aim{Fault: nemesis.SlowPeers{}}},
		{"slow-leader", "what the leader and its peers send each other comes late", nemesis.Aim{Fault: nemesis.SlowMember{}, Role: nemesis.Leader}},
		{"reset-peers", "the connections between members are reset", nemesis.Aim{Fault: nemesis.ResetPeers{}}},

		// Links of clients.
		{"isolate-holder", "a holder is cut off from all members while it works on", nemesis.Aim{Fault: nemesis.IsolateClient{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"isolate-client", "any client is cut off from all members", nemesis.Aim{Fault: nemesis.IsolateClient{}, Role: nemesis.AnyClient}},
		{"isolate-waiter", "a waiter is cut off from all members", nemesis.Aim{Fault: nemesis.IsolateClient{}, Role: nemesis.Waiter, Moment: nemesis.Waiting}},
		{"mute-holder", "a holder's requests are lost while it works on", nemesis.Aim{Fault: nemesis.MuteClient{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"mute-waiter", "a waiter's requests are lost", nemesis.Aim{Fault: nemesis.MuteClient{}, Role: nemesis.Waiter, Moment: nemesis.Waiting}},
		{"deafen-holder", "replies to a holder are lost while it works on", nemesis.Aim{Fault: nemesis.DeafenClient{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"deafen-waiter", "replies to a waiter are lost", nemesis.Aim{Fault: nemesis.DeafenClient{}, Role: nemesis.Waiter, Moment: nemesis.Waiting}},
		{"slow-holder", "what a holder and the members send each other comes late", nemesis.Aim{Fault: nemesis.SlowClient{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"slow-waiter", "what a waiter and the members send each other comes late", nemesis.Aim{Fault: nemesis.SlowClient{}, Role: nemesis.Waiter, Moment: nemesis.Waiting}},
		{"cut-holder-from-leader", "a holder is cut off from the leader only", nemesis.Aim{Fault: nemesis.CutFromLeader{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"strand-holder", "a holder reaches only the leader, and the leader none of its peers", nemesis.Aim{Fault: nemesis.Strand{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"lose-acquire-reply", "a client creates its lock's key, and the reply is lost", nemesis.Aim{Fault: nemesis.LoseReply{To: nemesis.AcquiringTxn}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"lose-release-reply", "a client deletes its lock's key, and the reply is lost", nemesis.Aim{Fault: nemesis.LoseReply{To: nemesis.ReleasingDelete}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"lose-renewal-reply", "a holder's lease is renewed, and the reply is lost", nemesis.Aim{Fault: nemesis.LoseReply{To: nemesis.Renewal}, Role: nemesis.Holder, Moment: nemesis.Acquired}},

		// Leases.
		{"revoke-holder", "a holder's lease is revoked behind its back", nemesis.Aim{Fault: nemesis.RevokeLease{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"revoke-waiter", "a waiter's lease is revoked behind its back", nemesis.Aim{Fault: nemesis.RevokeLease{}, Role: nemesis.Waiter, Moment: nemesis.Waiting}},
		{"starve-holder", "a holder's keepalives are lost, and nothing else is", nemesis.Aim{Fault: nemesis.StarveLease{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"overstay-holder", "a holder's critical section outlasts the TTL", nemesis.Aim{Fault: nemesis.Overstay{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"prolong-lease", "a holder crashes, and changes of the leader keep its lease alive", nemesis.Aim{Fault: nemesis.ProlongLease{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},

		// Clients.
		{"pause-holder", "a holder is frozen in its critical section, keepalives and all, for longer than its lease", nemesis.Aim{Fault: nemesis.PauseClient{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"pause-client", "any client is frozen, keepalives and all, for longer than its lease", nemesis.Aim{Fault: nemesis.PauseClient{}, Role: nemesis.AnyClient}},
		{"pause-waiter", "a waiter is frozen, keepalives and all, for longer than its lease", nemesis.Aim{Fault: nemesis.PauseClient{}, Role: nemesis.Waiter, Moment: nemesis.Waiting}},
		{"crash-holder", "a holder ends without a release or a revoke", nemesis.Aim{Fault: nemesis.CrashClient{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},
		{"crash-client", "any client ends without a release or a revoke", nemesis.Aim{Fault: nemesis.CrashClient{}, Role: nemesis.AnyClient}},
		{"crash-waiter", "a waiter ends without a revoke", nemesis.Aim{Fault: nemesis.CrashClient{}, Role: nemesis.Waiter, Moment: nemesis.Waiting}},
		{"restart-holder", "a holder crashes, and is back at once with the same client id", nemesis.Aim{Fault: nemesis.RestartClient{}, Role: nemesis.Holder, Moment: nemesis.Acquired}},

		// Members.
		{"kill-leader", "the leader crashes and is restarted from its data", nemesis.Aim{Fault: nemesis.KillMembers{}, Role: nemesis.Leader}},
		{"kill-follower", "a follower crashes and is restarted from its data", nemesis.Aim{Fault: nemesis.KillMembers{}, Role: nemesis.Follower}},
		{"kill-random", "any member crashes and is restarted from its data", nemesis.Aim{Fault: nemesis.KillMembers{}, Role: nemesis.Random}},
		{"kill-majority", "a majority crashes at once, and is restarted", nemesis.Aim{Fault: nemesis.KillMembers{}, Role: nemesis.Majority}},
		{"kill-all", "all members crash at once, and are restarted", nemesis.Aim{Fault: nemesis.KillMembers{}, Role: nemesis.All}},
		{"pause-leader", "the leader's process is stopped, and goes on", nemesis.Aim{Fault: nemesis.PauseMembers{}, Role: nemesis.Leader}},
		{"pause-follower", "a follower's process is stopped, and goes on", nemesis.Aim{Fault: nemesis.PauseMembers{}, Role: nemesis.Follower}},
		{"pause-majority", "a majority is stopped, and goes on", nemesis.Aim{Fault: nemesis.PauseMembers{}, Role: nemesis.Majority}},
		{"pause-all", "all members are stopped, and go on", nemesis.Aim{Fault: nemesis.PauseMembers{}, Role: nemesis.All}},
		{"rolling-restart", "one member after the other crashes and is restarted", nemesis.Aim{Fault: nemesis.RollingRestart{}}},
		{"move-leader", "the lead is moved to another member", nemesis.Aim{Fault: nemesis.MoveLeader{}}},
		{"add-member", "a member is added", nemesis.Aim{Fault: nemesis.AddMember{}}},
		{"remove-leader", "the leader is removed from the cluster, and another member added", nemesis.Aim{Fault: nemesis.RemoveMember{}, Role: nemesis.Leader}},
		{"remove-follower", "a follower is removed from the cluster, and another member added", nemesis.Aim{Fault: nemesis.RemoveMember{}, Role: nemesis.Follower}},
		{"promote-learner", "a learner is added and promoted", nemesis.Aim{Fault: nemesis.PromoteLearner{}}},

		// Maintenance, while the lock is contended.
		{"compact", "all history is compacted", nemesis.Aim{Fault: nemesis.Compact{}}},
		{"defragment", "all members are defragmented, one after the other", nemesis.Aim{Fault: nemesis.Defragment{}}},
		{"snapshot", "a snapshot is taken", nemesis.Aim{Fault: nemesis.Snapshot{}}},

		// Whatever the user can do to a cluster.
		{"hook", "your own commands harm the cluster and heal it: `--inject-cmd` and `--heal-cmd`", nemesis.Aim{Fault: nemesis.Hook{}}},
	}
}

// core are the faults that lockquake injects where none is named: the shortest way to find what is wrong
// with a lock.
func core() []string {
	return []string{"isolate-leader", "isolate-holder", "revoke-holder", "pause-holder", "kill-leader"}
}
