package virtual

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

func TestStartOutsideIsRefused(t *testing.T) {
	if _, err := Start(t.Context(), cluster.Config{}); err == nil {
		t.Error("it started where no time is virtual")
	}
}

// A lock is held for minutes through a partition of the leader, the crash of the next one, a member that
// joins and one that leaves; what was written is there at the end, and nothing is left of the cluster.
func TestThreeMembersInVirtualTime(t *testing.T) {
	left := In(t, Outside{}, func(ctx context.Context) {
		if err := minutes(ctx, t); err != nil {
			t.Error(err)
		}
	})
	if left != nil {
		t.Error(left)
	}
}

func minutes(ctx context.Context, t *testing.T) error {
	c, err := Start(ctx, cluster.Config{Members: 3})
	if err != nil {
		return err
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	client, err := c.Client(ctx, cluster.ClientConfig{})
	if err != nil {
		return err
	}
	session, err := concurrency.NewSession(client.Etcd, concurrency.WithTTL(10))
	if err != nil {
		return err
	}
	if err := concurrency.NewMutex(session, "lock/").Lock(ctx); err != nil {
		return err
	}
	before, _, err := c.Leader(ctx)
	if err != nil {
		return err
	}
	isolate(t, c, before)
	after, _, err := c.Leader(ctx)
	if err != nil || after == before {
		t.Errorf("m%d leads before and m%d after it was cut off, error %v", before, after, err)
	}
	for _, change := range []func() error{
		func() error { return c.Healthy(ctx) },
		func() error { return c.Kill(after) },
		func() error { time.Sleep(2 * time.Minute); return c.Restart(ctx, after) },
		func() error { _, err := c.AddMember(ctx); return err },
		func() error { return c.RemoveMember(ctx, before) },
		func() error { time.Sleep(2 * time.Minute); return c.Healthy(ctx) },
	} {
		if err := change(); err != nil {
			return err
		}
	}
	held, err := client.Etcd.Get(ctx, "lock/", clientv3.WithPrefix())
	if err != nil || len(held.Kvs) != 1 {
		t.Errorf("the lock's keys are %v, error %v", held, err)
	}
	select {
	case <-session.Done():
		t.Error("the session has ended")
	default:
	}
	return nil
}

// isolate cuts a member off from the others until these have another leader.
func isolate(t *testing.T, c *cluster.Cluster, member int) {
	var rules []*network.Imposed
	for other := range c.Names() {
		if other != member {
			rules = append(rules, c.Peer(member, other).Impose(network.Rule{Held: true}), c.Peer(other, member).Impose(network.Rule{Held: true}))
		}
	}
	time.Sleep(5 * Election)
	for _, rule := range rules {
		if toll := rule.Lift(); toll.Held == 0 {
			t.Errorf("a link that was cut held nothing: %+v", toll)
		}
	}
}
