package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestSplitPutsTheLeaderOnASide(t *testing.T) {
	minority, majority := nemesis.Split{Leader: nemesis.InMinority}, nemesis.Split{Leader: nemesis.InMajority}
	deposed := (*world).m2LeadsTerm5
	for name, c := range map[string]injection{
		"three, minority": {fault: minority, members: 3, to: "m1 | m0 m2, m1 leads term 4", cut: "0>1 1>0 1>2 2>1", then: deposed,
			want: seen("m2 leads term 5 after m1; 4 bytes held back")},
		"three, minority, it leads on": {fault: minority, members: 3, to: "m1 | m0 m2, m1 leads term 4", cut: "0>1 1>0 1>2 2>1",
			want: unseen("no other leader seen after m1; 4 bytes held back")},
		"three, majority": {fault: majority, members: 3, to: "m2 | m0 m1, m1 leads term 4", cut: "0>2 1>2 2>0 2>1",
			want: seen("4 bytes held back")},
		"three, majority, nothing was sent": {fault: majority, members: 3, to: "m2 | m0 m1, m1 leads term 4", silent: true,
			want: unseen("0 bytes held back")},
		"five, minority": {fault: minority, members: 5, to: "m1 m4 | m0 m2 m3, m1 leads term 4", then: deposed,
			cut:  "0>1 0>4 1>0 1>2 1>3 2>1 2>4 3>1 3>4 4>0 4>2 4>3",
			want: seen("m2 leads term 5 after m1; 12 bytes held back")},
		"five, another minority": {fault: minority, members: 5, pick: 2, to: "m1 m2 | m0 m3 m4, m1 leads term 4", silent: true,
			want: unseen("no other leader seen after m1; 0 bytes held back")},
		"four, majority": {fault: nemesis.Split{}, members: 4, to: "m3 | m0 m1 m2, m1 leads term 4",
			cut: "0>3 1>3 2>3 3>0 3>1 3>2", want: seen("6 bytes held back")},
	} {
		bubble(t, name, c.run)
	}
}

// Who is down belongs to the minority: back again, it would join the parts.
func TestSplitReckonsWithMembersThatComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(5)
		w.down(true, 0)
		injected := inject(t, nemesis.Split{Leader: nemesis.InMinority}, w.target(""))
		wantTo(t, injected, "m0 m1 | m2 m3 m4, m1 leads term 4")
		wantHealed(t, injected, unseen("no other leader seen after m1; 0 bytes held back"))
	})
}

func TestTooFewToSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.down(true, 0)
		wantRefused(t, nemesis.Split{}, w.target(""), "split the cluster: running members: 2, needed: 3")
		w.wantCut(t, "")
	})
}
