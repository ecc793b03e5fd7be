package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestRingLeavesNeighbours(t *testing.T) {
	ring := injection{fault: nemesis.Ring{}, members: 5, to: "m0 m1 m2 m3 m4 m0", cut: "0>2 0>3 1>3 1>4 2>0 2>4 3>0 3>1 4>1 4>2",
		want: seen("10 bytes held back")}
	bubble(t, "held", ring.run)
	ring.silent, ring.want = true, unseen("0 bytes held back")
	bubble(t, "nothing was sent", ring.run)
}

func TestTooFewForARing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(5)
		w.down(true, 3)
		wantRefused(t, nemesis.Ring{}, w.target(""), "make a ring: running members: 4, needed: 5")
		w.wantCut(t, "")
	})
}
