package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestSlowClientIsEvidentFromLateBytes(t *testing.T) {
	c := injection{fault: nemesis.SlowClient{}, members: 3, role: nemesis.Holder, to: holderOfLease, cut: allOfC3,
		want: seen("6 bytes came late")}
	bubble(t, "late", c.run)
	c.silent, c.want = true, unseen("0 bytes came late")
	bubble(t, "nothing was sent", c.run)
}
