package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

// testAdded tries what both faults have in common that make a cluster grow, and then remove what was
// added.
func testAdded(t *testing.T, fault nemesis.Fault, how string, did ...string) {
	c := injection{fault: fault, members: 3, to: "m3, new", did: did, undid: []string{"remove m3"}, silent: true,
		want: seen("m3 was " + how)}
	bubble(t, "it runs", c.run)
	c.then, c.want = func(w *world) { w.down(true, 3) }, unseen("m3 was "+how+", and found no leader")
	bubble(t, "it does not run", c.run)
	c.then = func(w *world) { w.elect(-1, 5) }
	bubble(t, "it knows no leader", c.run)
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, fault, w.target(""))
		w.fail["remove m3"] = errBroken
		wantHealedBut(t, injected, seen("m3 was "+how), "remove m3: broken")
	})
}

func TestAddedMemberRunsAndGoes(t *testing.T) {
	testAdded(t, nemesis.AddMember{}, "added", "add m3")
}

func TestMemberThatCannotBeAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["add m3"] = errBroken
		wantRefused(t, nemesis.AddMember{}, w.target(""), "add a member: broken")
		w.wantDone(t, "add m3")
	})
}
