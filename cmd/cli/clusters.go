package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"lockquake/harness"
)

// Kinds of clusters.
const (
	embed    = "embed"
	process  = "process"
	external = "external"
)

func clusterNames() []string { return []string{embed, process, external} }

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
		embed:   harness.Embedded(),
		process: harness.Processes(o.etcd),
	}, nil
}
