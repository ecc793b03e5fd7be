package nemesis_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

// Of a client's number alone nobody could tell whether there is a client to strike.
func TestNobodyHasTheRoleOfTheVictim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for fault, doing := range map[nemesis.Fault]string{
			nemesis.IsolateClient{}: "isolate a client", nemesis.MuteClient{}: "mute a client", nemesis.DeafenClient{}: "deafen a client",
			nemesis.SlowClient{}: "slow a client", nemesis.CutFromLeader{}: "cut a client from the leader",
			nemesis.Strand{}: "strand a client", nemesis.LoseReply{To: nemesis.Renewal}: "lose the reply to a renewal",
			nemesis.RevokeLease{}: "revoke a lease", nemesis.StarveLease{}: "starve a lease", nemesis.Overstay{}: "overstay",
			nemesis.ProlongLease{}: "prolong a lease", nemesis.PauseClient{}: "pause a client",
			nemesis.CrashClient{}: "crash a client", nemesis.RestartClient{}: "crash a client",
		} {
			w := members(3)
			wantRefused(t, fault, w.target(nemesis.Leader), doing+": no client to strike")
			w.wantDone(t)
			w.wantCut(t, "")
		}
	})
}

// These need the leader; what they would do to the client they do not do without.
func TestClientsFaultsThatNeedALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for fault, doing := range map[nemesis.Fault]string{
			nemesis.CutFromLeader{}: "cut a client from the leader", nemesis.Strand{}: "strand a client",
		} {
			w := members(3)
			w.believe(leaderless()...)
			wantRefused(t, fault, w.target(nemesis.Holder), doing+": "+noLeader)
			w.wantDone(t)
			w.wantCut(t, "")
		}
	})
}

// The first who is asked is cut off, and so is every question of the next second.
func TestLeaseIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.RevokeLease{}, w.target(nemesis.Holder))
		w.leaseIsUnknown()
		time.AfterFunc(time.Second, func() { w.set(func() { clear(w.fail) }) })
		wantHealed(t, injected, seen("revoked at revision 17; its lease had ended"))
	})
}

// After the heal a lease may be renewed, or released: that is no longer the harm's doing.
func TestLeaseIsAskedForUnderTheHarm(t *testing.T) {
	for name, fault := range map[string]nemesis.Fault{
		"isolate": nemesis.IsolateClient{}, "mute": nemesis.MuteClient{}, "pause": nemesis.PauseClient{}, "strand": nemesis.Strand{},
		"cut from leader": nemesis.CutFromLeader{}, "starve": nemesis.StarveLease{}, "overstay": nemesis.Overstay{},
		"lose reply": nemesis.LoseReply{To: nemesis.Renewal}, "crash": nemesis.CrashClient{}, "prolong": nemesis.ProlongLease{},
	} {
		bubble(t, name, func(t *testing.T) {
			w := members(3)
			injected := inject(t, fault, w.target(nemesis.Holder))
			synctest.Wait()
			w.set(func() { w.did = nil })
			var cut int
			w.asked = func() { cut = w.cutOfC3(t); w.wantDone(t) }
			before := w.cutOfC3(t)
			if _, err := injected.Heal(t.Context()); err != nil || cut != before {
				t.Errorf("heal: error %v; %d links of the client were cut when its lease was asked for, %d before", err, cut, before)
			}
		})
	}
}

func (w *world) cutOfC3(t *testing.T) (cut int) {
	for _, name := range strings.Fields(allOfC3) {
		if !passes(t, w.link(name)) {
			cut++
		}
	}
	return cut
}
