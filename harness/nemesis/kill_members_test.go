package nemesis_test

import (
	"context"
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

// m1 leads. Where others can elect, one of them must lead after it; where they cannot, nobody may.
func TestKilledMembersAreEvident(t *testing.T) {
	for name, c := range map[string]injection{
		"leader, another leads": {role: nemesis.Leader, to: "m1 leads term 4",
			did: []string{"kill m1"}, undid: []string{"restart m[1]"},
			then: (*world).m2LeadsTerm5, want: seen("m2 leads term 5 after m1; m1 back")},
		"leader, nobody leads yet": {role: nemesis.Leader, to: "m1 leads term 4",
			did: []string{"kill m1"}, undid: []string{"restart m[1]"},
			want: unseen("no other leader seen after m1; m1 back")},
		"follower": {role: nemesis.Follower, to: "m0, follower",
			did: []string{"kill m0"}, undid: []string{"restart m[0]"},
			want: seen("m0 back")},
		"follower, not really": {role: nemesis.Follower, to: "m0, follower",
			did: []string{"kill m0"}, undid: []string{"restart m[0]"},
			then: func(w *world) { w.down(false, 0) }, want: unseen("m0 still runs; m0 back")},
		"majority with the leader": {role: nemesis.Majority, to: "m0 m1, m1 leads term 4",
			did: []string{"kill m0", "kill m1"}, undid: []string{"restart m[0 1]"},
			want: seen("nobody leads; m0 m1 back")},
		"majority, but one leads": {role: nemesis.Majority, to: "m0 m1, m1 leads term 4",
			did: []string{"kill m0", "kill m1"}, undid: []string{"restart m[0 1]"},
			then: (*world).m2LeadsTerm5, want: unseen("m2 leads all the same; m0 m1 back")},
		"all": {role: nemesis.All, to: "m0 m1 m2, m1 leads term 4",
			did: []string{"kill m0", "kill m1", "kill m2"}, undid: []string{"restart m[0 1 2]"},
			want: seen("nobody leads; m0 m1 m2 back")},
	} {
		c.fault, c.members = nemesis.KillMembers{}, 3
		bubble(t, name, c.run)
	}
}

// Half of four are as many as are needed: the others cannot elect.
func TestHalfOfAnEvenClusterIsKilled(t *testing.T) {
	bubble(t, "", injection{fault: nemesis.KillMembers{}, members: 4, role: nemesis.Majority, to: "m0 m1, m1 leads term 4",
		did: []string{"kill m0", "kill m1"}, undid: []string{"restart m[0 1]"}, want: seen("nobody leads; m0 m1 back")}.run)
}

// What was seen of the harm is told although the member did not come back.
func TestKilledMemberThatDoesNotRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.KillMembers{}, w.target(nemesis.Leader))
		w.m2LeadsTerm5()
		w.fail["restart m[1]"] = errBroken
		wantHealedBut(t, injected, seen("m2 leads term 5 after m1"), "restart m1: broken")
	})
}

func TestKillThatFailsHalfWayLeavesNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["kill m2"] = errBroken
		wantRefused(t, nemesis.KillMembers{}, w.target(nemesis.All), "kill m2: broken")
		w.wantDone(t, "kill m0", "kill m1", "kill m2", "restart m[0 1]")
		w.fail["kill m0"] = errBroken
		wantRefused(t, nemesis.KillMembers{}, w.target(nemesis.All), "kill m0: broken")
		w.wantDone(t, "kill m0")
	})
}

// hasty is a killer whose caller gives up when the second member is to be killed.
type hasty struct {
	*world
	giveUp context.CancelFunc
}

func (h hasty) Kill(member int) error {
	if member > 0 {
		h.giveUp()
		return errBroken
	}
	return h.world.Kill(member)
}

func TestKillThatIsGivenUpLeavesNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		ctx, giveUp := context.WithCancel(t.Context())
		target := w.target(nemesis.All)
		target.Killer = hasty{w, giveUp}
		if _, err := (nemesis.KillMembers{}).Inject(ctx, target); err == nil || err.Error() != "kill m1: broken" {
			t.Errorf("inject: error %v", err)
		}
		w.wantDone(t, "kill m0", "restart m[0]")
	})
}
