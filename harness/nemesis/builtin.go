package nemesis

// Named is a fault by the name that users call it by. Doc says in one line what happens.
type Named struct {
	Name string
	Doc  string
	Aim  Aim
}

// Builtin are the faults in families; the name of one ends with whom it strikes. To add a fault, write its file
// and one line here.
func Builtin() []Named {
	return []Named{
		// Links between members.
		{"isolate-leader", "the leader is cut off from its peers", Aim{Fault: IsolateMember{}, Role: Leader}},
		{"isolate-follower", "a follower is cut off from its peers", Aim{Fault: IsolateMember{}, Role: Follower}},
		{"isolate-random", "any member is cut off from its peers", Aim{Fault: IsolateMember{}, Role: Random}},
		{"split-leader-in-minority", "the members are split in two, the leader in the smaller part", Aim{Fault: Split{Leader: InMinority}}},
		{"split-leader-in-majority", "the members are split in two, the leader in the larger part", Aim{Fault: Split{Leader: InMajority}}},
		{"ring", "of five members each hears its two neighbours only", Aim{Fault: Ring{}}},
		{"bridge", "of five members two and two hear each other only through the fifth", Aim{Fault: Bridge{}}},
		{"mute-leader", "nothing that the leader sends reaches its peers", Aim{Fault: MuteMember{}, Role: Leader}},
		{"deafen-leader", "nothing that its peers send reaches the leader", Aim{Fault: DeafenMember{}, Role: Leader}},
		{"flap-leader", "the leader is cut off from its peers again and again", Aim{Fault: FlapMember{}, Role: Leader}},
		{"flap-follower", "a follower is cut off from its peers again and again", Aim{Fault: FlapMember{}, Role: Follower}},
		{"slow-peers", "what members send each other comes late, each time by another delay", Aim{Fault: SlowPeers{}}},
		{"slow-leader", "what the leader and its peers send each other comes late", Aim{Fault: SlowMember{}, Role: Leader}},
		{"reset-peers", "the connections between members are reset", Aim{Fault: ResetPeers{}}},

		// Links of clients.
		{"isolate-holder", "a holder is cut off from all members while it works on", Aim{Fault: IsolateClient{}, Role: Holder, Moment: Acquired}},
		{"isolate-client", "any client is cut off from all members", Aim{Fault: IsolateClient{}, Role: AnyClient}},
		{"isolate-waiter", "a waiter is cut off from all members", Aim{Fault: IsolateClient{}, Role: Waiter, Moment: Waiting}},
		{"mute-holder", "a holder's requests are lost while it works on", Aim{Fault: MuteClient{}, Role: Holder, Moment: Acquired}},
		{"mute-waiter", "a waiter's requests are lost", Aim{Fault: MuteClient{}, Role: Waiter, Moment: Waiting}},
		{"deafen-holder", "replies to a holder are lost while it works on", Aim{Fault: DeafenClient{}, Role: Holder, Moment: Acquired}},
		{"deafen-waiter", "replies to a waiter are lost", Aim{Fault: DeafenClient{}, Role: Waiter, Moment: Waiting}},
		{"slow-holder", "what a holder and the members send each other comes late", Aim{Fault: SlowClient{}, Role: Holder, Moment: Acquired}},
		{"slow-waiter", "what a waiter and the members send each other comes late", Aim{Fault: SlowClient{}, Role: Waiter, Moment: Waiting}},
		{"cut-holder-from-leader", "a holder is cut off from the leader only", Aim{Fault: CutFromLeader{}, Role: Holder, Moment: Acquired}},
		{"strand-holder", "a holder reaches only the leader, and the leader none of its peers", Aim{Fault: Strand{}, Role: Holder, Moment: Acquired}},
		{"lose-acquire-reply", "a client creates its lock's key, and the reply is lost", Aim{Fault: LoseReply{To: AcquiringTxn}, Role: Holder, Moment: Acquired}},
		{"lose-release-reply", "a client deletes its lock's key, and the reply is lost", Aim{Fault: LoseReply{To: ReleasingDelete}, Role: Holder, Moment: Acquired}},
		{"lose-renewal-reply", "a holder's lease is renewed, and the reply is lost", Aim{Fault: LoseReply{To: Renewal}, Role: Holder, Moment: Acquired}},

		// Leases.
		{"revoke-holder", "a holder's lease is revoked behind its back", Aim{Fault: RevokeLease{}, Role: Holder, Moment: Acquired}},
		{"revoke-waiter", "a waiter's lease is revoked behind its back", Aim{Fault: RevokeLease{}, Role: Waiter, Moment: Waiting}},
		{"starve-holder", "a holder's keepalives are lost, and nothing else is", Aim{Fault: StarveLease{}, Role: Holder, Moment: Acquired}},
		{"overstay-holder", "a holder's critical section outlasts the TTL", Aim{Fault: Overstay{}, Role: Holder, Moment: Acquired}},
		{"prolong-lease", "a holder crashes, and changes of the leader keep its lease alive", Aim{Fault: ProlongLease{}, Role: Holder, Moment: Acquired}},

		// Clients.
		{"pause-holder", "a holder is frozen in its critical section, keepalives and all, for longer than its lease", Aim{Fault: PauseClient{}, Role: Holder, Moment: Acquired}},
		{"pause-client", "any client is frozen, keepalives and all, for longer than its lease", Aim{Fault: PauseClient{}, Role: AnyClient}},
		{"pause-waiter", "a waiter is frozen, keepalives and all, for longer than its lease", Aim{Fault: PauseClient{}, Role: Waiter, Moment: Waiting}},
		{"crash-holder", "a holder ends without a release or a revoke", Aim{Fault: CrashClient{}, Role: Holder, Moment: Acquired}},
		{"crash-client", "any client ends without a release or a revoke", Aim{Fault: CrashClient{}, Role: AnyClient}},
		{"crash-waiter", "a waiter ends without a revoke", Aim{Fault: CrashClient{}, Role: Waiter, Moment: Waiting}},
		{"restart-holder", "a holder crashes, and is back at once with the same client id", Aim{Fault: RestartClient{}, Role: Holder, Moment: Acquired}},

		// Members.
		{"kill-leader", "the leader crashes and is restarted from its data", Aim{Fault: KillMembers{}, Role: Leader}},
		{"kill-follower", "a follower crashes and is restarted from its data", Aim{Fault: KillMembers{}, Role: Follower}},
		{"kill-random", "any member crashes and is restarted from its data", Aim{Fault: KillMembers{}, Role: Random}},
		{"kill-majority", "a majority crashes at once, and is restarted", Aim{Fault: KillMembers{}, Role: Majority}},
		{"kill-all", "all members crash at once, and are restarted", Aim{Fault: KillMembers{}, Role: All}},
		{"pause-leader", "the leader's process is stopped, and goes on", Aim{Fault: PauseMembers{}, Role: Leader}},
		{"pause-follower", "a follower's process is stopped, and goes on", Aim{Fault: PauseMembers{}, Role: Follower}},
		{"pause-majority", "a majority is stopped, and goes on", Aim{Fault: PauseMembers{}, Role: Majority}},
		{"pause-all", "all members are stopped, and go on", Aim{Fault: PauseMembers{}, Role: All}},
		{"rolling-restart", "one member after the other crashes and is restarted", Aim{Fault: RollingRestart{}}},
		{"move-leader", "the lead is moved to another member", Aim{Fault: MoveLeader{}}},
		{"add-member", "a member is added", Aim{Fault: AddMember{}}},
		{"remove-leader", "the leader is removed from the cluster, and another member added", Aim{Fault: RemoveMember{}, Role: Leader}},
		{"remove-follower", "a follower is removed from the cluster, and another member added", Aim{Fault: RemoveMember{}, Role: Follower}},
		{"promote-learner", "a learner is added and promoted", Aim{Fault: PromoteLearner{}}},

		// Maintenance, while the lock is contended.
		{"compact", "all history is compacted", Aim{Fault: Compact{}}},
		{"defragment", "all members are defragmented, one after the other", Aim{Fault: Defragment{}}},
		{"snapshot", "a snapshot is taken", Aim{Fault: Snapshot{}}},

		// Whatever the user can do to a cluster.
		{"hook", "your own commands harm the cluster and heal it: `--inject-cmd` and `--heal-cmd`", Aim{Fault: Hook{}}},
	}
}

// Core are the names of those that are injected where none is named: the shortest way to find what is wrong
// with a lock.
func Core() []string {
	return []string{"isolate-leader", "isolate-holder", "revoke-holder", "pause-holder", "kill-leader"}
}
