package cluster_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.uber.org/goleak"

	"lockquake/harness/cluster"
)

// holdLock takes a lock in a session that lives as long as its client.
func holdLock(t testing.TB, c *cluster.Client) (lease clientv3.LeaseID, key string) {
	t.Helper()
	session, err := concurrency.NewSession(c.Etcd, concurrency.WithTTL(60))
	if err != nil {
		t.Fatal(err)
	}
	mutex := concurrency.NewMutex(session, "lock")
	if err := mutex.Lock(within(t, patience)); err != nil {
		t.Fatal(err)
	}
	return session.Lease(), mutex.Key()
}

func TestCrashReleasesAndRevokesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // when the cluster is closed, which does nothing about a crashed client
	shaken := start(t, 3)
	other := client(t, shaken, cluster.ClientConfig{Number: 1})
	crashed := client(t, shaken, cluster.ClientConfig{})
	lease, key := holdLock(t, crashed)
	if err := crashed.Crash(); err != nil {
		t.Error(err)
	}
	left, err := other.Etcd.TimeToLive(within(t, patience), lease, clientv3.WithAttachedKeys())
	if err != nil || left.TTL <= 0 || len(left.Keys) != 1 || string(left.Keys[0]) != key {
		t.Errorf("the lease of a crashed client: %+v, %v; want it alive with %s", left, err, key)
	}
	for _, end := range []func() error{crashed.Crash, crashed.Close} {
		if err := end(); err != nil {
			t.Errorf("ended again: %v", err)
		}
	}
}

// What waited in a crashed client's held links is lost; a closed client's, too.
func TestCrashLosesWhatWaits(t *testing.T) {
	shaken := start(t, 1)
	crashed, other := client(t, shaken, cluster.ClientConfig{}), client(t, shaken, cluster.ClientConfig{})
	put(t, crashed, "other", "value")
	hold := holdClient(crashed, 1)
	done := putInBackground(t, crashed)
	eventually(t, "the put to be held", func() bool { return hold.bytes() > 0 })
	if err := crashed.Crash(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("a put succeeded that was never sent")
	}
	hold.lift()
	got, err := other.Etcd.Get(within(t, patience), "key")
	if err != nil || len(got.Kvs) != 0 {
		t.Errorf("what a crashed client had not sent: %v, %v; want nothing", got, err)
	}
}

// spied counts the writes to connections that succeed.
type spied struct {
	net.Conn
	writes *atomic.Int64
}

func (s spied) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	if err == nil {
		s.writes.Add(1)
	}
	return n, err
}

// A crashed client says nothing more to its members; a closed one takes its leave.
func TestCrashSaysNothing(t *testing.T) {
	endpoints := start(t, 1).Endpoints()
	for name, end := range map[string]struct {
		by     func(*cluster.Client) error
		silent bool
	}{
		"crash": {(*cluster.Client).Crash, true},
		"close": {(*cluster.Client).Close, false},
	} {
		var writes atomic.Int64
		reached := endpoints[0]
		reached.Dial = func(ctx context.Context) (net.Conn, error) {
			conn, err := endpoints[0].Dial(ctx)
			return spied{conn, &writes}, err
		}
		c, err := cluster.OpenClient(within(t, patience), []cluster.Endpoint{reached}, cluster.ClientConfig{})
		if err != nil {
			t.Fatal(err)
		}
		<-c.Etcd.Watch(t.Context(), "key", clientv3.WithCreatedNotify())
		before, quiet := writes.Load(), 0
		eventually(t, "the client to be quiet", func() bool {
			now := writes.Load()
			if quiet++; now != before {
				before, quiet = now, 0
			}
			return quiet > 100
		})
		if err := end.by(c); err != nil {
			t.Error(err)
		}
		if silent := writes.Load() == before; silent != end.silent {
			t.Errorf("%s: silent: %t, want %t", name, silent, end.silent)
		}
	}
}

// A crash waits neither for links that are held, nor for a session that renews.
func TestCrashOfAHeldHolder(t *testing.T) {
	crashed := client(t, start(t, 1), cluster.ClientConfig{})
	holdLock(t, crashed)
	holdClient(crashed, 1)
	done := make(chan error, 1)
	go func() { done <- crashed.Crash() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-within(t, patience).Done():
		t.Error("the crash waits")
	}
}
