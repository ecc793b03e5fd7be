package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

func TestLeadershipIsMoved(t *testing.T) {
	c := start(t, 3)
	was, before := leader(t, c)
	to := (was + 1) % 3
	for range 2 { // the second time it leads already
		if err := c.MoveLeader(within(t, patience), to); err != nil {
			t.Fatal(err)
		}
	}
	now, term := leader(t, c)
	eventually(t, "the others to see it", func() bool { now, term = leader(t, c); return now == to })
	if term != before+1 {
		t.Errorf("m%d leads term %d after m%d in term %d; want the next term", now, term, was, before)
	}
}

func TestLeadershipIsNotMovedToOneThatIsDown(t *testing.T) {
	c := start(t, 3)
	was, _ := leader(t, c)
	down := (was + 1) % 3
	if err := c.Kill(down); err != nil {
		t.Fatal(err)
	}
	if err := c.MoveLeader(within(t, patience), down); err == nil || !strings.Contains(err.Error(), c.Names()[down]) {
		t.Errorf("leadership moved to a member that is down: %v", err)
	}
}

// Readers of the past, and watchers that are behind, find it gone.
func TestCompactedHistoryIsGone(t *testing.T) {
	shaken := start(t, 3)
	c := client(t, shaken, cluster.ClientConfig{})
	put(t, c, "key", "old")
	old := revision(t, c)
	put(t, c, "key", "new")
	compacted, err := shaken.Compact(within(t, patience))
	if err != nil || compacted != old+1 {
		t.Fatalf("compacted up to %d, %v; want %d", compacted, err, old+1)
	}
	at := func(revision int64) error {
		_, err := c.Etcd.Get(within(t, patience), "key", clientv3.WithRev(revision))
		return err
	}
	if err := at(old); !errors.Is(err, rpctypes.ErrCompacted) {
		t.Errorf("read at revision %d: %v", old, err)
	}
	if err := at(compacted); err != nil {
		t.Errorf("read at revision %d: %v", compacted, err)
	}
	seen := <-c.Etcd.Watch(within(t, patience), "key", clientv3.WithRev(old))
	if seen.CompactRevision != compacted {
		t.Errorf("a watch from revision %d is told %d, %v; want %d", old, seen.CompactRevision, seen.Err(), compacted)
	}
}

func TestDefragmentedMemberIsSmaller(t *testing.T) {
	shaken := start(t, 1)
	c := client(t, shaken, cluster.ClientConfig{})
	for range 20 {
		put(t, c, "key", strings.Repeat("v", 100_000))
	}
	if _, err := shaken.Compact(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	before, after, err := shaken.Defragment(within(t, patience), 0)
	if err != nil || after <= 0 || before < after+1_000_000 {
		t.Errorf("%d bytes before, %d after, %v", before, after, err)
	}
	if n, err := c.Etcd.Get(within(t, patience), "key"); err != nil || len(n.Kvs) != 1 {
		t.Errorf("the key after it: %v, %v", n, err)
	}
}

func TestSnapshotHoldsTheData(t *testing.T) {
	shaken := start(t, 1)
	c := client(t, shaken, cluster.ClientConfig{})
	small, err := shaken.Snapshot(within(t, patience), 0)
	if err != nil || small == 0 {
		t.Fatalf("%d bytes, %v", small, err)
	}
	put(t, c, "key", strings.Repeat("v", 1_000_000))
	if large, err := shaken.Snapshot(within(t, patience), 0); err != nil || large < small+1_000_000 {
		t.Errorf("%d bytes with another million in it, %v; before %d", large, err, small)
	}
}

// Maintenance goes past the links, and fails in time where the member cannot serve it.
func TestMaintenanceOfAMemberThatIs(t *testing.T) {
	all := func(ctx context.Context, c *cluster.Cluster) map[string]error {
		_, _, defragment := c.Defragment(ctx, 0)
		_, snapshot := c.Snapshot(ctx, 0)
		return map[string]error{"defragment": defragment, "snapshot": snapshot}
	}
	c := start(t, 3)
	for _, other := range []int{1, 2} {
		c.Peer(0, other).Impose(network.Rule{Held: true})
	}
	for what, err := range all(within(t, patience), c) {
		if err != nil {
			t.Errorf("%s of an isolated member: %v", what, err)
		}
	}
	if err := c.Kill(0); err != nil {
		t.Fatal(err)
	}
	for what, err := range all(within(t, patience), c) {
		if err == nil || !strings.Contains(err.Error(), "m0: ") {
			t.Errorf("%s of a member that is down: %v", what, err)
		}
	}
}
