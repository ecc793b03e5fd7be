package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestUnmetRequirementsSayWhatIsMissing(t *testing.T) {
	const everything = nemesis.LinkPeers | nemesis.Kill | nemesis.Pause | nemesis.ChangeMembers | nemesis.Maintain | nemesis.RunHooks
	for name, tc := range map[string]struct {
		needs   nemesis.Requirements
		have    nemesis.Ability
		members int
		want    string
	}{
		"nothing is needed":       {nemesis.Requirements{}, 0, 0, ""},
		"all is there":            {nemesis.Requirements{Members: 5, Abilities: everything}, everything, 5, ""},
		"too few members":         {nemesis.Requirements{Members: 5}, everything, 3, "has 3 members, and 5 are needed"},
		"members, but no ability": {nemesis.Requirements{Members: 3, Abilities: nemesis.Pause}, everything &^ nemesis.Pause, 3, "cannot pause members: one of kind process can"},
		"two abilities are missing": {nemesis.Requirements{Abilities: nemesis.LinkPeers | nemesis.Kill}, nemesis.Pause, 3,
			"cannot cut one member's link to another, cannot kill members"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.needs.Unmet(tc.have, tc.members); got != tc.want {
				t.Errorf("unmet: %q, want %q", got, tc.want)
			}
		})
	}
}

func TestWhatALockMustHaveForAFault(t *testing.T) {
	for name, c := range map[string]struct {
		aim     nemesis.Aim
		without nemesis.Trait
		want    string
	}{
		"a lease, and there is one":        {nemesis.Aim{Fault: nemesis.RevokeLease{}}, 0, ""},
		"a lease, and there is none":       {nemesis.Aim{Fault: nemesis.RevokeLease{}}, nemesis.OnLease, "lives on no lease"},
		"a lease, of a program":            {nemesis.Aim{Fault: nemesis.RevokeLease{}}, nemesis.ThroughClient, ""},
		"requests of a program":            {nemesis.Aim{Fault: nemesis.StarveLease{}}, nemesis.ThroughClient, "does not talk to etcd through its client"},
		"links, whatever the lock is like": {nemesis.Aim{Fault: nemesis.IsolateClient{}}, nemesis.OnLease | nemesis.ThroughClient, ""},
		"a renewal as its moment":          {nemesis.Aim{Fault: nemesis.IsolateClient{}, Moment: nemesis.Renewed}, nemesis.OnLease, "lives on no lease"},
		"neither of two":                   {nemesis.Aim{Fault: nemesis.LoseReply{}}, nemesis.OnLease | nemesis.ThroughClient, "lives on no lease, does not talk to etcd through its client"},
	} {
		if got := c.aim.Requires().UnmetBy(c.without); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
