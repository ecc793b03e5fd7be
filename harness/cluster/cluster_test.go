package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

func TestMain(m *testing.M) {
	cluster.ServeMember()
	beParent()
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of these tests; none of them is expected to use it up.
const patience = 20 * time.Second

// start starts a cluster that closes with the test, and must leave nothing.
func start(t testing.TB, members int) *cluster.Cluster {
	t.Helper()
	return startAs(t, cluster.Config{Members: members})
}

func startAs(t testing.TB, config cluster.Config) *cluster.Cluster {
	t.Helper()
	config.Dir = t.TempDir()
	c, err := cluster.Start(within(t, patience), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

func client(t testing.TB, c *cluster.Cluster, config cluster.ClientConfig) *cluster.Client {
	t.Helper()
	client, err := c.Client(within(t, patience), config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// within is a context that ends after d, or with the test.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func put(t testing.TB, c *cluster.Client, key, value string) {
	t.Helper()
	if _, err := c.Etcd.Put(within(t, patience), key, value); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func leader(t testing.TB, c *cluster.Cluster) (member int, term uint64) {
	t.Helper()
	member, term, err := c.Leader(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	return member, term
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// isolate holds all links between a member and the others, and heal tells how many bytes had to wait.
func isolate(c *cluster.Cluster, member int) (heal func() (heldBytes int64)) {
	var imposed []*network.Imposed
	for other := range c.Names() {
		if other != member {
			imposed = append(imposed,
				c.Peer(member, other).Impose(network.Rule{Held: true}),
				c.Peer(other, member).Impose(network.Rule{Held: true}))
		}
	}
	return func() (heldBytes int64) {
		for _, i := range imposed {
			heldBytes += i.Lift().Held
		}
		return heldBytes
	}
}

func TestEveryMemberServesAfterStart(t *testing.T) {
	for _, members := range []int{1, 3, 5} {
		t.Run(strconv.Itoa(members), func(t *testing.T) {
			c := start(t, members)
			if err := c.Healthy(within(t, patience)); err != nil {
				t.Error(err)
			}
			if got := len(c.Names()); got != members {
				t.Errorf("%d names, want %d", got, members)
			}
			eventually(t, "all to follow one leader", func() bool {
				lead, _ := leader(t, c)
				followers := 0
				for i := range members {
					if believed, _, running := c.Believes(i); running && believed == lead {
						followers++
					}
				}
				return followers == members
			})
		})
	}
}

// Two clusters at once share the process and nothing else.
func TestClustersAreApart(t *testing.T) {
	a, b := client(t, start(t, 1), cluster.ClientConfig{}), client(t, start(t, 1), cluster.ClientConfig{})
	put(t, a, "key", "a")
	got, err := b.Etcd.Get(within(t, patience), "key")
	if err != nil || len(got.Kvs) != 0 {
		t.Errorf("one cluster reads what was put to another: %v, %v", got, err)
	}
}

func TestIsolatedLeaderIsReplacedAndFollowsAfterHeal(t *testing.T) {
	c := start(t, 3)
	old, oldTerm := leader(t, c)
	heal := isolate(c, old)
	eventually(t, "another leader", func() bool {
		now, term := leader(t, c)
		return now != old && term > oldTerm
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.Healthy(ctx); err == nil || !strings.Contains(err.Error(), c.Names()[old]) {
		t.Errorf("health of a cluster with %s isolated: %v", c.Names()[old], err)
	}
	if held := heal(); held == 0 {
		t.Error("no bytes were held back")
	}
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
	eventually(t, "the old leader to believe as the others do", func() bool {
		now, _ := leader(t, c)
		believed, _, _ := c.Believes(old)
		return believed == now
	})
}

// One link held hurts one member only: so its source was told from the others, and its direction from
// the way back.
func TestPeersAreToldApart(t *testing.T) {
	forEachKind(t, anyKind, func(t *testing.T, c *cluster.Cluster) {
		lead, _ := leader(t, c)
		deaf, other := (lead+1)%3, (lead+2)%3
		connected(t, c, deaf, other)
		held := c.Peer(lead, deaf).Impose(network.Rule{Held: true})
		silent := c.Peer(deaf, other).Impose(network.Rule{Held: true})
		eventually(t, "bytes to be held", func() bool { return held.Toll().Held > 0 && silent.Toll().Held > 0 })
		err := c.Healthy(within(t, 500*time.Millisecond))
		for member, hurt := range map[int]bool{lead: false, deaf: true, other: false} {
			if err == nil || strings.Contains(err.Error(), "read from "+c.Names()[member]) != hurt {
				t.Errorf("with m%d deaf to m%d: %v", deaf, lead, err)
			}
		}
		held.Lift()
		silent.Lift()
		if err := c.Healthy(within(t, patience)); err != nil {
			t.Error(err)
		}
	})
}

// connected waits until a member says something to another one. A cluster is ready before its followers have connected
// to one another, and where no connection is a held link holds dials back, and no bytes.
func connected(t *testing.T, c *cluster.Cluster, from, to int) {
	t.Helper()
	late := c.Peer(from, to).Impose(network.Rule{Delay: time.Millisecond})
	eventually(t, "a member to say something to another one", func() bool { return late.Toll().Delayed > 0 })
	late.Lift()
}

// What is acknowledged before a crash is there after it, wherever it was acknowledged.
func TestKilledMembersKeepAcknowledgedPuts(t *testing.T) {
	forEachKind(t, anyKind, func(t *testing.T, c *cluster.Cluster) {
		writer := client(t, c, cluster.ClientConfig{})
		for round := range 2 {
			put(t, writer, fmt.Sprint("key", round), "acknowledged")
			for i := range 3 {
				if err := c.Kill(i); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Restart(within(t, patience), 0, 1, 2); err != nil {
				t.Fatal(err)
			}
		}
		reader := client(t, c, cluster.ClientConfig{})
		for round := range 2 {
			got, err := reader.Etcd.Get(within(t, patience), fmt.Sprint("key", round))
			if err != nil || len(got.Kvs) != 1 {
				t.Errorf("round %d: %v, %v; want the put", round, got, err)
			}
		}
	})
}

func TestKilledLeaderIsReplaced(t *testing.T) {
	forEachKind(t, anyKind, func(t *testing.T, c *cluster.Cluster) {
		old, oldTerm := leader(t, c)
		if err := c.Kill(old); err != nil {
			t.Fatal(err)
		}
		if _, _, running := c.Believes(old); running {
			t.Error("a killed member runs")
		}
		if err := c.Kill(old); err == nil {
			t.Error("killed twice")
		}
		eventually(t, "another leader", func() bool {
			now, term := leader(t, c)
			return now != old && term > oldTerm
		})
		err := c.Healthy(within(t, patience))
		if err == nil || !strings.Contains(err.Error(), c.Names()[old]+" does not run") {
			t.Errorf("health with a member down: %v", err)
		}
		if err := c.Restart(within(t, patience), old); err != nil {
			t.Fatal(err)
		}
		if err := c.Restart(within(t, patience), old); err == nil {
			t.Error("restarted a member that runs")
		}
		if err := c.Healthy(within(t, patience)); err != nil {
			t.Error(err)
		}
	})
}

// Of those that were killed at once, none finds the others alone.
func TestAllAreRestartedAtOnceOnly(t *testing.T) {
	c := startAs(t, cluster.Config{Process: true})
	if err := errors.Join(c.Kill(0), c.Kill(1), c.Kill(2)); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(within(t, 300*time.Millisecond), 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("restart of one alone: %v", err)
	}
	if err := c.Restart(within(t, patience), 0, 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
}

// A restart that cannot find its peers is given up with its context, and can be tried again.
func TestRestartBehindHeldLinks(t *testing.T) {
	c := start(t, 3)
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	heal := isolate(c, 1)
	if err := c.Restart(within(t, 300*time.Millisecond), 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("restart of an isolated member: %v", err)
	}
	heal()
	if err := c.Restart(within(t, patience), 1); err != nil {
		t.Error(err)
	}
}

func TestConfigThatEtcdWouldRefuse(t *testing.T) {
	for want, config := range map[string]cluster.Config{
		"needs at least 1":        {Members: -1},
		"at least 5 ticks":        {Tick: 100 * time.Millisecond, Election: 400 * time.Millisecond},
		"tick 1.5ms":              {Tick: 1500 * time.Microsecond},
		"election timeout 50.5ms": {Tick: time.Millisecond, Election: 50500 * time.Microsecond},
		"etcd takes at most 50s":  {Election: time.Minute},
	} {
		c, err := cluster.Start(t.Context(), config)
		if err == nil {
			_ = c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", config, err, want)
		}
	}
}

func TestLogsGoToFiles(t *testing.T) {
	dir := t.TempDir()
	c, err := cluster.Start(within(t, patience), cluster.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Names() {
		log, err := os.ReadFile(filepath.Join(dir, "member-"+name+".log"))
		if err != nil || !strings.Contains(string(log), "closed etcd server") {
			t.Errorf("log of %s: %d bytes, %v; want it to the end", name, len(log), err)
		}
	}
}

func TestMinTTL(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct{ tick, election, want time.Duration }{
		{10 * ms, 100 * ms, time.Second},
		{10 * ms, 660 * ms, time.Second},
		{1 * ms, 666 * ms, time.Second},
		{1 * ms, 668 * ms, 2 * time.Second},
		{100 * ms, 1000 * ms, 2 * time.Second},
		{100 * ms, 1300 * ms, 2 * time.Second},
		{100 * ms, 1400 * ms, 3 * time.Second},
		{100 * ms, 2000 * ms, 3 * time.Second},
	} {
		if got := cluster.MinTTL(c.tick, c.election); got != c.want {
			t.Errorf("MinTTL(%v, %v) = %v, want %v", c.tick, c.election, got, c.want)
		}
	}
}

// The smallest TTL is etcd's answer, not ours: ask it.
func TestMinTTLIsWhatEtcdGrants(t *testing.T) {
	tick, election := 100*time.Millisecond, time.Second
	c, err := cluster.Start(within(t, patience), cluster.Config{Members: 1, Tick: tick, Election: election})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	granted, err := client(t, c, cluster.ClientConfig{}).Etcd.Grant(within(t, patience), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := time.Duration(granted.TTL) * time.Second; got != cluster.MinTTL(tick, election) {
		t.Errorf("etcd grants %v, MinTTL says %v", got, cluster.MinTTL(tick, election))
	}
}
