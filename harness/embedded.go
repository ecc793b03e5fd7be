package harness

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
)

// Embedded starts clusters of real etcd members in this process. The members' logs go to dir.
func Embedded(members int, dir string) func(context.Context) (Cluster, error) {
	return func(ctx context.Context) (Cluster, error) {
		c, err := cluster.Start(ctx, cluster.Config{Members: members, Dir: dir})
		if err != nil {
			return nil, err
		}
		return embedded{c}, nil
	}
}

// MinTTL is the shortest lease that such a cluster grants.
func MinTTL() time.Duration {
	return cluster.MinTTL(cluster.DefaultTick, cluster.DefaultElection)
}

type embedded struct{ *cluster.Cluster }

func (e embedded) Client(ctx context.Context, number int, leases cluster.LeaseObserver) (Client, error) {
	c, err := e.Cluster.Client(ctx, cluster.ClientConfig{Number: number, Leases: leases})
	if err != nil {
		return nil, err
	}
	return connected{c}, nil
}

type connected struct{ *cluster.Client }

func (c connected) Etcd() *clientv3.Client { return c.Client.Etcd }
