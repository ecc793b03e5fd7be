package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

// m1 leads. Majority is as few as are needed.
func TestRolesOfMembers(t *testing.T) {
	for name, tc := range map[string]struct {
		role    nemesis.Role
		members int
		pick    int
		down    []int
		want    string
	}{
		"leader":                     {role: nemesis.Leader, members: 3, want: "m1 leads term 4"},
		"leader, whatever was drawn": {role: nemesis.Leader, members: 3, pick: 2, want: "m1 leads term 4"},
		"first follower":             {role: nemesis.Follower, members: 3, want: "m0, follower"},
		"second follower":            {role: nemesis.Follower, members: 3, pick: 1, want: "m2, follower"},
		"follower that runs":         {role: nemesis.Follower, members: 3, down: []int{0}, want: "m2, follower"},
		"random, the leader":         {role: nemesis.Random, members: 3, pick: 4, want: "m1 leads term 4"},
		"random, a follower":         {role: nemesis.Random, members: 3, pick: 5, want: "m2, follower"},
		"random, without a leader":   {role: nemesis.Random, members: 3, down: []int{1}, want: "m0"},
		"majority with the leader":   {role: nemesis.Majority, members: 3, want: "m0 m1, m1 leads term 4"},
		"majority of followers":      {role: nemesis.Majority, members: 3, pick: 2, want: "m0 m2"},
		"majority of five":           {role: nemesis.Majority, members: 5, pick: 2, want: "m2 m3 m4"},
		"half of four":               {role: nemesis.Majority, members: 4, pick: 2, want: "m2 m3"},
		"half of those who run":      {role: nemesis.Majority, members: 3, pick: 1, down: []int{0}, want: "m2, follower"},
		"all":                        {role: nemesis.All, members: 3, want: "m0 m1 m2, m1 leads term 4"},
		"all who run":                {role: nemesis.All, members: 3, down: []int{0}, want: "m1 m2, m1 leads term 4"},
		"all of one, which leads":    {role: nemesis.All, members: 2, down: []int{0}, want: "m1 leads term 4"},
	} {
		bubble(t, name, func(t *testing.T) {
			w := members(tc.members)
			w.down(true, tc.down...)
			target := w.target(tc.role)
			target.Pick = tc.pick
			to := inject(t, nemesis.KillMembers{}, target).To
			if to != tc.want {
				t.Errorf("struck %q, want %q", to, tc.want)
			}
		})
	}
}

func TestRoleThatNobodyHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(2)
		w.down(true, 0)
		wantRefused(t, nemesis.KillMembers{}, w.target(nemesis.Follower), `kill members: no member that runs has the role "follower"`)
		wantRefused(t, nemesis.KillMembers{}, w.target(nemesis.Holder), `kill members: no member that runs has the role "holder"`)
		wantRefused(t, nemesis.IsolateMember{}, w.target(nemesis.All), `isolate a member: "all" is not the role of one member`)
		w.down(true, 1)
		for _, role := range []nemesis.Role{nemesis.Random, nemesis.Majority, nemesis.All} {
			wantRefused(t, nemesis.KillMembers{}, w.target(role), `kill members: no member that runs has the role "`+string(role)+`"`)
		}
		w.wantDone(t)
	})
}
