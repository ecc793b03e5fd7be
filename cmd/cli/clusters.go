package cli

import (
	"github.com/spf13/pflag"

	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

func clusterNames() []string { return []string{scenario.Embed, scenario.Process, scenario.External} }

// clusterOptions are the flags of kinds of clusters.
type clusterOptions struct {
	etcd string
}

// secrets are flags whose values are written nowhere.
var secrets = map[string]struct{}{"user": {}, "password": {}}

func (o *clusterOptions) declare(flags *pflag.FlagSet) {
	flags.StringVar(&o.etcd, "etcd", "", "with --cluster process: run this etcd binary (3.4 or later) as the members")
}

// kinds are the clusters that can be had.
func (o clusterOptions) kinds() (map[string]harness.Kind, error) {
	return map[string]harness.Kind{
		scenario.Embed:   harness.Embedded(),
		scenario.Process: harness.Processes(o.etcd),
	}, nil
}

// abilities are what each kind allows, with everything given that it can be given.
func abilities() map[string]nemesis.Ability {
	return map[string]nemesis.Ability{
		scenario.Embed:    harness.Embedded().Abilities,
		scenario.Process:  harness.Processes("").Abilities,
		scenario.External: nemesis.RunHooks,
	}
}

func clusterTable() table {
	return table{name: "clusters", head: []string{"cluster", "what it is"}, rows: [][]string{
		{scenario.Embed, "real etcd members in this process, ready in a tenth of a second (the default)"},
		{scenario.Process, "members as child processes, which can be stopped and killed for real; with --etcd PATH of any etcd from 3.4 on"},
		{scenario.External, "a cluster of yours: only its clients are harmed, its members by your own commands"},
	}}
}
