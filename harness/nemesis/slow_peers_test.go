package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestSlowPeersAreEvidentFromLateBytes(t *testing.T) {
	c := injection{fault: nemesis.SlowPeers{}, members: 3, to: "m0 m1 m2", cut: "0>1 0>2 1>0 1>2 2>0 2>1",
		want: seen("6 bytes came late")}
	bubble(t, "late", c.run)
	c.silent, c.want = true, unseen("0 bytes came late")
	bubble(t, "nothing was sent", c.run)
}

func TestNobodyHasAPeerToBeSlowTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wantRefused(t, nemesis.SlowPeers{}, members(1).target(""), "slow peers: running members: 1, needed: 2")
	})
}
