package harness

import (
	"context"
	"time"

	"go.etcd.io/etcd/api/v3/version"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
	"lockquake/harness/cluster/virtual"
	"lockquake/harness/nemesis"
)

// Kind is a kind of cluster: what faults it allows, and how one is started.
type Kind struct {
	Abilities nemesis.Ability
	Traits    nemesis.Trait // that a lock must have on it
	MinTTL    time.Duration // the shortest lease that it grants
	Etcd      string        // the members' version
	Members   int           // how many there are, where that is not ours to choose; 0: it is
	Start     func(context.Context, Place) (Cluster, error)
}

// Place is where a cluster is to be, for one cell.
type Place struct {
	Members int
	Dir     string // for the members' logs
	Prefix  Prefix // of the cell's keys
	Fsync   bool   // see cluster.Config; the members' data is in Dir, too
}

// ownAbilities are those of clusters that lockquake starts itself.
const ownAbilities = nemesis.LinkPeers | nemesis.Kill | nemesis.ChangeMembers | nemesis.Maintain

// Embedded clusters have real etcd members in this process.
func Embedded() Kind { return own(ownAbilities, cluster.Config{}) }

// Virtual are clusters in virtual time, whose members are in this process. They start within virtual.In only.
func Virtual() Kind {
	return Kind{
		Abilities: ownAbilities,
		Traits:    nemesis.ThroughClient,
		Etcd:      version.Version,
		MinTTL:    cluster.MinTTL(virtual.Tick, virtual.Election),
		Start: func(ctx context.Context, p Place) (Cluster, error) {
			c, err := virtual.Start(ctx, cluster.Config{Members: p.Members, Dir: p.Dir})
			if err != nil {
				return nil, err
			}
			return started{c}, nil
		},
	}
}

// Processes are clusters whose members are child processes of this binary.
func Processes() Kind {
	return own(ownAbilities|nemesis.Pause, cluster.Config{Process: true})
}

// Binary are clusters whose members are child processes of the etcd binary at a path.
func Binary(ctx context.Context, path string) (Kind, error) {
	kind := own(ownAbilities|nemesis.Pause, cluster.Config{Process: true, EtcdPath: path})
	var err error
	kind.Etcd, err = cluster.EtcdVersion(ctx, path)
	return kind, err
}

func own(abilities nemesis.Ability, config cluster.Config) Kind {
	return Kind{
		Abilities: abilities,
		Etcd:      version.Version,
		MinTTL:    cluster.MinTTL(cluster.DefaultTick, cluster.DefaultElection),
		Start: func(ctx context.Context, p Place) (Cluster, error) {
			config := config // cells may start at the same time
			config.Members, config.Dir = p.Members, p.Dir
			if p.Fsync {
				config.Fsync, config.Data = true, p.Dir
			}
			c, err := cluster.Start(ctx, config)
			if err != nil {
				return nil, err
			}
			return started{c}, nil
		},
	}
}

// Unfit says why locks without some traits do not do on a kind of cluster; empty: they do.
func (k Kind) Unfit(without nemesis.Trait) string {
	return nemesis.Requirements{Traits: k.Traits}.UnmetBy(without)
}

type started struct{ *cluster.Cluster }

func (s started) Client(ctx context.Context, config cluster.ClientConfig) (Client, error) {
	return asClient(s.Cluster.Client(ctx, config))
}

type connected struct{ *cluster.Client }

func asClient(c *cluster.Client, err error) (Client, error) {
	if err != nil {
		return nil, err
	}
	return connected{c}, nil
}

func (c connected) Etcd() *clientv3.Client { return c.Client.Etcd }
