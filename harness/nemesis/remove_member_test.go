package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestRemovedMemberIsReplaced(t *testing.T) {
	leader := injection{role: nemesis.Leader, to: "m1 leads term 4", did: []string{"remove m1"}, undid: []string{"add m3"}}
	follower := injection{role: nemesis.Follower, to: "m0, follower", did: []string{"remove m0"}, undid: []string{"add m3"}}
	for name, c := range map[string]injection{
		"leader":                 leader.but((*world).m2LeadsTerm5, seen("m2 leads term 5 after m1; m3 in place of m1")),
		"leader, without a next": leader.but(nil, unseen("no other leader seen after m1; m3 in place of m1")),
		"follower":               follower.but(nil, seen("m3 in place of m0")),
		"follower that goes on":  follower.but(func(w *world) { w.down(false, 0) }, unseen("m0 still runs; m3 in place of m0")),
	} {
		c.fault, c.members, c.silent = nemesis.RemoveMember{}, 3, true
		bubble(t, name, c.run)
	}
}

func (c injection) but(then func(*world), want nemesis.Evidence) injection {
	c.then, c.want = then, want
	return c
}

func TestMemberThatCannotBeRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["remove m1"] = errBroken
		wantRefused(t, nemesis.RemoveMember{}, w.target(nemesis.Leader), "remove m1: broken")
		w.wantDone(t, "remove m1")
	})
}

func TestRemovedMemberThatCannotBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.RemoveMember{}, w.target(nemesis.Follower))
		w.fail["add m3"] = errBroken
		wantHealedBut(t, injected, seen(""), "add a member in place of m0: broken")
	})
}
