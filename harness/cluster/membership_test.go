package cluster_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
)

// added is the number of a member that was added, one way or the other.
func added(t *testing.T) func(number int, err error) int {
	return func(number int, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return number
	}
}

func TestAddedMemberServesLikeTheOthers(t *testing.T) {
	forEachKind(t, anyKind, func(t *testing.T, c *cluster.Cluster) {
		put(t, client(t, c, cluster.ClientConfig{}), "key", "before")
		if n := added(t)(c.AddMember(within(t, patience))); n != 3 || c.Names()[n] != "m3" {
			t.Errorf("added member %d of %v, want m3", n, c.Names())
		}
		if err := c.Healthy(within(t, patience)); err != nil {
			t.Error(err)
		}
		got, err := client(t, c, cluster.ClientConfig{Number: 3}).Etcd.Get(within(t, patience), "key")
		if err != nil || len(got.Kvs) != 1 || got.Header.MemberId == 0 {
			t.Errorf("read by a client that knows of it: %v, %v", got, err)
		}
		if err := errors.Join(c.Kill(3), c.Restart(within(t, patience), 3)); err != nil {
			t.Error(err)
		}
		if lead, _, running := c.Believes(3); !running || lead < 0 {
			t.Errorf("runs: %t, follows m%d", running, lead)
		}
	})
}

// The new links are there, and are those of the new member.
func TestAddedMemberCanBeIsolated(t *testing.T) {
	c := start(t, 3)
	member := added(t)(c.AddMember(within(t, patience)))
	heal := isolate(c, member)
	ctx := within(t, 200*time.Millisecond)
	if err := c.Healthy(ctx); err == nil || !strings.Contains(err.Error(), "read from m3") || strings.Contains(err.Error(), "read from m0") {
		t.Errorf("health with m3 isolated: %v", err)
	}
	if held := heal(); held == 0 {
		t.Error("no bytes were held back")
	}
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
}

func TestLearnerIsPromoted(t *testing.T) {
	forEachKind(t, anyKind, func(t *testing.T, c *cluster.Cluster) {
		learner := added(t)(c.AddLearner(within(t, patience)))
		if err := c.Healthy(within(t, patience)); err != nil {
			t.Error(err)
		}
		if votes := voters(t, c); votes != 3 {
			t.Errorf("%d members have a vote, want 3", votes)
		}
		if _, err := c.AddLearner(within(t, patience)); err == nil || !strings.Contains(err.Error(), "too many learner") {
			t.Errorf("a second learner: %v", err)
		}
		if err := errors.Join(c.Kill(learner), c.Restart(within(t, patience), learner)); err != nil {
			t.Error(err)
		}
		if err := c.Promote(within(t, patience), learner); err != nil {
			t.Fatal(err)
		}
		if votes := voters(t, c); votes != 4 {
			t.Errorf("%d members have a vote, want 4", votes)
		}
		if err := c.Promote(within(t, patience), learner); err == nil {
			t.Error("promoted twice")
		}
		if err := c.Healthy(within(t, patience)); err != nil {
			t.Error(err)
		}
	})
}

// voters counts the members with a vote. A learner of etcd 3.4 does not tell.
func voters(t *testing.T, c *cluster.Cluster) int {
	t.Helper()
	etcd := client(t, c, cluster.ClientConfig{}).Etcd
	n := 0
	eventually(t, "a member to tell who the members are", func() bool {
		list, err := etcd.MemberList(within(t, patience), clientv3.WithSerializable())
		if err != nil {
			return false
		}
		for _, m := range list.Members {
			if !m.IsLearner {
				n++
			}
		}
		return true
	})
	return n
}

func TestRemovedLeaderIsGoneForGood(t *testing.T) {
	forEachKind(t, anyKind, func(t *testing.T, c *cluster.Cluster) {
		old, oldTerm := leader(t, c)
		if err := c.RemoveMember(within(t, patience), old); err != nil {
			t.Fatal(err)
		}
		if _, _, running := c.Believes(old); running || len(c.Names()) != 3 {
			t.Errorf("runs: %t, names %v", running, c.Names())
		}
		eventually(t, "another leader", func() bool {
			now, term := leader(t, c)
			return now != old && term > oldTerm
		})
		if err := c.Healthy(within(t, patience)); err != nil {
			t.Error(err)
		}
		if c.Kill(old) == nil || c.RemoveMember(within(t, patience), old) == nil {
			t.Error("killed or removed a member that was removed")
		}
		if err := c.Restart(within(t, patience), old); err != nil { // its heal has nothing left to do
			t.Errorf("restart of a member that was removed: %v", err)
		}
		if _, _, running := c.Believes(old); running {
			t.Error("a member that was removed runs again")
		}
		if n := added(t)(c.AddMember(within(t, patience))); n != 3 {
			t.Errorf("the number of a new member is %d, want 3, never used before", n)
		}
		put(t, client(t, c, cluster.ClientConfig{}), "key", "after")
	})
}

func TestKilledMemberIsRemoved(t *testing.T) {
	c := start(t, 3)
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveMember(within(t, patience), 1); err != nil {
		t.Fatal(err)
	}
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
}

func TestLastMemberStays(t *testing.T) {
	c := start(t, 1)
	if err := c.RemoveMember(within(t, patience), 0); err == nil {
		t.Error("removed the last member")
	}
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
}

// Without a majority nobody is added, and nothing runs of who was to be.
func TestNobodyIsAddedWithoutAMajority(t *testing.T) {
	c := start(t, 3)
	if err := errors.Join(c.Kill(0), c.Kill(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AddMember(within(t, 200*time.Millisecond)); err == nil {
		t.Fatal("added a member without a majority")
	}
	if _, _, running := c.Believes(3); running {
		t.Error("who was not added runs")
	}
	if err := c.Restart(within(t, patience), 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
}
