package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

// m1 leads.
func TestClientIsCutFromTheLeaderOnly(t *testing.T) {
	c := injection{fault: nemesis.CutFromLeader{}, members: 3, role: nemesis.Holder, to: holderOfLease + "; m1 leads term 4",
		cut: "c3>1 1>c3", then: (*world).leaseLives, want: seen("2 bytes held back; its lease was alive")}
	bubble(t, "held", c.run)
	c.silent, c.want = true, unseen("0 bytes held back; its lease was alive")
	bubble(t, "nothing was sent to the leader", c.run)
}
