package nemesis_test

import (
	"testing"
	"time"

	"lockquake/harness/nemesis"
)

func TestVictimIsNamedWithItsLease(t *testing.T) {
	for want, victim := range map[string]nemesis.Victim{
		"c3, holder of k1 under lease 4f0a": {Role: nemesis.Holder, Client: 3, Key: "k1", Lease: 0x4f0a},
		"c0, waiter of k2 without a lease":  {Role: nemesis.Waiter, Key: "k2"},
	} {
		if got := victim.String(); got != want {
			t.Errorf("%+v is %q, want %q", victim, got, want)
		}
	}
}

// What a fault needs is what it uses: with nothing else in its target it does its harm, and its heal
// undoes it.
func TestFaultsRequireWhatTheyUse(t *testing.T) {
	for name, fault := range everyFault {
		bubble(t, name, func(t *testing.T) {
			needs := fault.Requires()
			w := members(max(needs.Members, 2))
			target := w.with(needs.Abilities)
			injected, err := fault.Inject(t.Context(), target)
			if err != nil {
				t.Fatalf("inject: %v", err)
			}
			time.Sleep(duration(fault))
			if _, err := injected.Heal(t.Context()); err != nil {
				t.Errorf("heal: %v", err)
			}
			w.wantCut(t, "")
			if up := w.running(); up != max(needs.Members, 2) {
				t.Errorf("after the heal %d members run, before %d did", up, max(needs.Members, 2))
			}
		})
	}
}

// etcd ends a lease up to 500 ms late. A fault that is to outlast a lease must reckon with that; one that
// is to spare leases must be over before; one that goes on by itself needs time to repeat; one that is
// over at once has no duration.
func TestFaultsLast(t *testing.T) {
	type span struct{ least, most time.Duration }
	const late, election = 500 * time.Millisecond, 300 * time.Millisecond
	var (
		instant  = span{}
		outlasts = span{ttl + late + election, 2 * ttl}
		spares   = span{ttl / 4, ttl}
		repeats  = span{ttl, 3 * ttl}
	)
	lasting := map[string]span{
		"revoke": instant, "restart-client": instant, "move-leader": instant,
		"compact": instant, "defragment": instant, "snapshot": instant,
		"kill": spares, "add": spares, "remove": spares, "promote": spares, "rolling": spares,
		"slow-peers": repeats, "slow-member": repeats, "slow-client": repeats, "flap": repeats, "reset": repeats, "lose-reply": repeats,
		"prolong": {ttl + late + 1, 4 * ttl},
	}
	for name, fault := range everyFault {
		want, special := lasting[name]
		if !special {
			want = outlasts
		}
		if lasts := duration(fault); lasts < want.least || lasts > want.most {
			t.Errorf("%s lasts %v under a TTL of %v, want %v to %v", name, lasts, ttl, want.least, want.most)
		}
	}
}

var everyFault = map[string]nemesis.Fault{
	"isolate-member": nemesis.IsolateMember{}, "split-minority": nemesis.Split{Leader: nemesis.InMinority},
	"split-majority": nemesis.Split{Leader: nemesis.InMajority}, "ring": nemesis.Ring{}, "bridge": nemesis.Bridge{},
	"mute-member": nemesis.MuteMember{}, "deafen-member": nemesis.DeafenMember{}, "flap": nemesis.FlapMember{},
	"slow-peers": nemesis.SlowPeers{}, "slow-member": nemesis.SlowMember{}, "reset": nemesis.ResetPeers{},
	"isolate-client": nemesis.IsolateClient{}, "mute-client": nemesis.MuteClient{}, "deafen-client": nemesis.DeafenClient{},
	"slow-client": nemesis.SlowClient{}, "cut-from-leader": nemesis.CutFromLeader{}, "strand": nemesis.Strand{},
	"lose-reply": nemesis.LoseReply{To: nemesis.Renewal}, "revoke": nemesis.RevokeLease{}, "starve": nemesis.StarveLease{},
	"overstay": nemesis.Overstay{}, "prolong": nemesis.ProlongLease{}, "pause-client": nemesis.PauseClient{},
	"crash": nemesis.CrashClient{}, "restart-client": nemesis.RestartClient{}, "kill": nemesis.KillMembers{},
	"pause-members": nemesis.PauseMembers{}, "rolling": nemesis.RollingRestart{}, "move-leader": nemesis.MoveLeader{},
	"add": nemesis.AddMember{}, "remove": nemesis.RemoveMember{}, "promote": nemesis.PromoteLearner{},
	"compact": nemesis.Compact{}, "defragment": nemesis.Defragment{}, "snapshot": nemesis.Snapshot{},
}

// with is a target of some abilities. It has both a leader and a holder to strike.
func (w *world) with(abilities nemesis.Ability) nemesis.Target {
	all := w.target(nemesis.Holder)
	t := nemesis.Target{Members: all.Members, Clients: all.Clients, Leases: all.Leases, Role: nemesis.Leader, Victim: all.Victim, TTL: ttl}
	if abilities&nemesis.LinkPeers != 0 {
		t.Peers = w
	}
	if abilities&nemesis.Kill != 0 {
		t.Killer = w
	}
	if abilities&nemesis.Pause != 0 {
		t.Pauser = w
	}
	if abilities&nemesis.ChangeMembers != 0 {
		t.Membership = w
	}
	if abilities&nemesis.Maintain != 0 {
		t.Maintenance = w
	}
	return t
}

func (w *world) running() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.beliefs {
		if !b.down {
			n++
		}
	}
	return n
}

// duration is 0 for an instant.
func duration(fault nemesis.Fault) time.Duration {
	if lasting, ok := fault.(nemesis.Lasting); ok {
		return lasting.Lasts(ttl)
	}
	return 0
}
