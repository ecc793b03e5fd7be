package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

// m1 leads. m0, then m2, is the bridge.
func TestBridgeJoinsTheLeadersSideWithTheOther(t *testing.T) {
	for name, c := range map[string]injection{
		"held": {to: "m1 m2 | m0 | m3 m4, m1 leads term 4", cut: "1>3 1>4 2>3 2>4 3>1 3>2 4>1 4>2",
			want: seen("8 bytes held back")},
		"another bridge": {pick: 1, to: "m1 m3 | m2 | m0 m4, m1 leads term 4", cut: "0>1 0>3 1>0 1>4 3>0 3>4 4>1 4>3",
			want: seen("8 bytes held back")},
		"nothing was sent": {to: "m1 m2 | m0 | m3 m4, m1 leads term 4", silent: true,
			want: unseen("0 bytes held back")},
	} {
		c.fault, c.members = nemesis.Bridge{}, 5
		bubble(t, name, c.run)
	}
}

func TestBridgeNeedsALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(5)
		w.elect(-1, 4)
		wantRefused(t, nemesis.Bridge{}, w.target(""), "make a bridge: "+noLeader)
		w.wantCut(t, "")
	})
}

// Who is down belongs to the far side: back again, it would be a second bridge. Without it three of six
// are left to the leader, and it steps down.
func TestBridgeReckonsWithMembersThatComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(6)
		w.down(true, 0)
		injected := inject(t, nemesis.Bridge{}, w.target(""))
		wantTo(t, injected, "m1 m3 | m2 | m0 m4 m5, m1 leads term 4")
		w.wantCut(t, "0>1 0>3 1>0 1>4 1>5 3>0 3>4 3>5 4>1 4>3 5>1 5>3")
		w.elect(-1, 5)
		wantHealed(t, injected, seen("nobody leads; 12 bytes held back"))
	})
}
