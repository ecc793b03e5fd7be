package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestSlowMemberIsEvidentFromLateBytes(t *testing.T) {
	c := injection{fault: nemesis.SlowMember{}, members: 3, role: nemesis.Leader, to: "m1 leads term 4", cut: "0>1 1>0 1>2 2>1",
		want: seen("4 bytes came late")}
	bubble(t, "late", c.run)
	c.silent, c.want = true, unseen("0 bytes came late")
	bubble(t, "nothing was sent", c.run)
}
