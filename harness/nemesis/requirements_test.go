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
		"members, but no ability": {nemesis.Requirements{Members: 3, Abilities: nemesis.Pause}, everything &^ nemesis.Pause, 3, "cannot pause members"},
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
