package locks

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"lockquake/harness/cluster"
	"lockquake/workloads/lock"
)

const lockName = "locks/a"

// patience bounds every wait of a test; nothing is asserted about how long a thing takes.
const patience = 40 * time.Second

// bed is what a test works on: a cluster of its own, and a client that watches from outside.
type bed struct {
	*testing.T
	ctx     context.Context
	cluster *cluster.Cluster
	outside *clientv3.Client
}

func newBed(t *testing.T) *bed {
	t.Helper()
	leaveNothing(t)
	return newBedBeside(t)
}

// leaveNothing fails a test at whose end goroutines are left.
func leaveNothing(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		// A member that was closed while it forwarded a renewal takes seconds to end that; Find waits a while by itself.
		for range 5 {
			if goleak.Find(ofServers()...) == nil {
				return
			}
		}
		goleak.VerifyNone(t, ofServers()...)
	})
}

// ofServers are goroutines of etcd's own: a server never closes the client by which it serves v3lock. A client
// of a test that was not closed would be passed over as well, but cluster.Close closes them all.
func ofServers() []goleak.Option {
	var all []goleak.Option
	for _, name := range []string{
		"client/v3.(*lessor).sendKeepAliveLoop",
		"client/v3.(*lessor).deadlineLoop",
		"server/v3/proxy/grpcproxy/adapter.(*chanStream).RecvMsg",
		"server/v3/proxy/grpcproxy/adapter.newPipeStream.func1",
	} {
		all = append(all, goleak.IgnoreAnyFunction("go.etcd.io/etcd/"+name))
	}
	return all
}

// newBedBeside makes a bed for a test that runs beside others, whose goroutines cannot be told from its own.
func newBedBeside(t *testing.T) *bed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c, err := cluster.Start(ctx, cluster.Config{Members: 1, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bed{T: t, ctx: ctx, cluster: c}
	b.outside = b.client()
	return b
}

// client opens a client, which the cluster closes.
func (b *bed) client(options ...grpc.DialOption) *clientv3.Client {
	b.Helper()
	c, err := b.cluster.Client(b.ctx, cluster.ClientConfig{DialOptions: options})
	if err != nil {
		b.Fatal(err)
	}
	return c.Etcd
}

// env is that of a client with a connection of its own. The TTL is so long that no lease ends by
// itself within a test.
func (b *bed) env(clientID string, options ...grpc.DialOption) lock.Env {
	b.Helper()
	return lock.Env{Client: b.client(options...), Name: lockName, TTL: time.Minute, ClientID: clientID}
}

func (b *bed) open(strategy lock.Strategy, env lock.Env) lock.Lock {
	b.Helper()
	l, err := strategy(b.ctx, env)
	for errors.Is(err, lock.ErrDefinite) && b.ctx.Err() == nil {
		l, err = strategy(b.ctx, env) // a request took too long, on a busy machine
	}
	if err != nil {
		b.Fatalf("open the lock of %s: %v", env.ClientID, err)
	}
	return l
}

func (b *bed) acquire(l lock.Lock) lock.Hold {
	b.Helper()
	hold, err := l.Acquire(b.ctx)
	if err != nil {
		b.Fatalf("acquire: %v", err)
	}
	return hold
}

// answer is what an Acquire in the background returned.
type answer struct {
	hold lock.Hold
	err  error
}

func (b *bed) acquiring(ctx context.Context, l lock.Lock) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		hold, err := l.Acquire(ctx)
		answers <- answer{hold, err}
	}()
	return answers
}

// receive takes what must come.
func receive[T any](b *bed, what string, from <-chan T) T {
	b.Helper()
	select {
	case got := <-from:
		return got
	case <-b.ctx.Done():
		b.Fatalf("waited %s for %s", patience, what)
		panic("unreachable")
	}
}

func (b *bed) await(what string, seen func() bool) {
	b.Helper()
	for !seen() {
		if pause(b.ctx, 5*time.Millisecond) != nil {
			b.Fatalf("waited %s for %s", patience, what)
		}
	}
}

// keys lists the keys at and below the lock's name.
func (b *bed) keys() []string {
	b.Helper()
	resp, err := b.outside.Get(b.ctx, lockName, clientv3.WithPrefix())
	if err != nil {
		b.Fatal(err)
	}
	var keys []string
	for _, kv := range resp.Kvs {
		keys = append(keys, string(kv.Key))
	}
	return keys
}

func (b *bed) leases() []clientv3.LeaseID {
	b.Helper()
	resp, err := b.outside.Leases(b.ctx)
	if err != nil {
		b.Fatal(err)
	}
	var ids []clientv3.LeaseID
	for _, lease := range resp.Leases {
		ids = append(ids, lease.ID)
	}
	return ids
}

// otherLease waits for a second lease and returns it.
func (b *bed) otherLease(first clientv3.LeaseID) clientv3.LeaseID {
	b.Helper()
	var ids []clientv3.LeaseID
	b.await("a second lease", func() bool { ids = b.leases(); return len(ids) == 2 })
	return ids[1-slices.Index(ids, first)]
}

// renew waits until a client has renewed a lease, so that it has all the goroutines that it needs for that.
func (b *bed) renew(c *clientv3.Client) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	granted, err := c.Grant(ctx, 60)
	if err != nil {
		b.Fatal(err)
	}
	renewals, err := c.KeepAlive(ctx, granted.ID)
	if err != nil {
		b.Fatal(err)
	}
	receive(b, "a renewal", renewals)
	b.revoke(granted.ID)
}

func (b *bed) revoke(lease clientv3.LeaseID) {
	b.Helper()
	if _, err := b.outside.Revoke(b.ctx, lease); err != nil {
		b.Fatal(err)
	}
}

func (b *bed) wantDefinite(err error, want bool) {
	b.Helper()
	if err == nil || errors.Is(err, lock.ErrDefinite) != want {
		b.Errorf("error %v: definite is to be %t", err, want)
	}
}

func (b *bed) wantKeys(n int) {
	b.Helper()
	if keys := b.keys(); len(keys) != n {
		b.Errorf("keys of the lock: %v, want %d", keys, n)
	}
}
