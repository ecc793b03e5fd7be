package harness

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
	"lockquake/harness/nemesis"
	"lockquake/harness/network"
	"lockquake/harness/scenario"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// fakeCluster is a cluster of no members, enough for locks that do without etcd.
type fakeCluster struct {
	nemesis.Members
	etcd   *fakeEtcd
	sick   error
	closed bool

	mu      sync.Mutex
	open    int // clients
	crashed int // of those that were closed
}

func (f *fakeCluster) start(context.Context, Place) (Cluster, error) { return f, nil }
func (f *fakeCluster) Healthy(context.Context) error                 { return f.sick }
func (f *fakeCluster) Close() error                                  { f.closed = true; return nil }

func (f *fakeCluster) Client(context.Context, cluster.ClientConfig) (Client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open++
	return &fakeClient{cluster: f}, nil
}

type fakeClient struct {
	cluster *fakeCluster
	closing sync.Once
}

func (c *fakeClient) Etcd() *clientv3.Client {
	return &clientv3.Client{KV: c.cluster.etcd, Watcher: c.cluster.etcd}
}
func (c *fakeClient) Links(int) (to, from *network.Link)          { return new(network.Link), new(network.Link) }
func (c *fakeClient) Endpoints(context.Context) ([]string, error) { return nil, nil }
func (c *fakeClient) LoseReply(func(any) bool) func() (lost string) {
	return func() string { return "" }
}
func (c *fakeClient) LoseRequests(func(any) bool) func() (lost int) { return func() int { return 0 } }
func (c *fakeClient) Crash() error {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	c.cluster.crashed++
	return nil
}
func (c *fakeClient) Close() error {
	c.closing.Do(func() {
		c.cluster.mu.Lock()
		defer c.cluster.mu.Unlock()
		c.cluster.open--
	})
	return nil
}

// fakeEtcd answers what the ground truth asks, and tells its watch of each put.
type fakeEtcd struct {
	clientv3.KV
	clientv3.Watcher
	watch chan clientv3.WatchResponse
}

func (f *fakeEtcd) Get(context.Context, string, ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	return &clientv3.GetResponse{Header: &etcdserverpb.ResponseHeader{Revision: 1}}, nil
}

func (f *fakeEtcd) Put(_ context.Context, key, _ string, _ ...clientv3.OpOption) (*clientv3.PutResponse, error) {
	kv := &mvccpb.KeyValue{Key: []byte(key), CreateRevision: 2, ModRevision: 2}
	f.watch <- clientv3.WatchResponse{Events: []*clientv3.Event{{Type: clientv3.EventTypePut, Kv: kv}}}
	return &clientv3.PutResponse{}, nil
}

func (f *fakeEtcd) Watch(context.Context, string, ...clientv3.OpOption) clientv3.WatchChan {
	return f.watch
}

// fakeLock is a mutex in memory, shared by all clients of a strategy. What a test sets wrong shows in the history.
type fakeLock struct {
	turn    chan struct{} // holds one token while the lock is free
	tokens  int64
	deaf    bool          // Acquire ignores its context
	leased  time.Duration // a hold that is not released by then ends; 0: never
	fragile bool          // the tenth Acquire panics
	took    time.Duration // what an Acquire takes; 0: nothing
}

func newFakeLock() *fakeLock {
	l := &fakeLock{turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	return l
}

func (l *fakeLock) strategy(context.Context, lock.Env) (lock.Lock, error) { return l, nil }
func (l *fakeLock) Close() error                                          { return nil }

func (l *fakeLock) Acquire(ctx context.Context) (lock.Hold, error) {
	done := ctx.Done()
	if l.deaf {
		done = nil
	}
	select {
	case <-l.turn:
	case <-done:
		return lock.Hold{}, ctx.Err()
	}
	time.Sleep(l.took)
	l.tokens++
	if l.fragile && l.tokens == 10 {
		panic("out of order")
	}
	ends := sync.OnceFunc(func() { l.turn <- struct{}{} })
	if l.leased > 0 {
		time.AfterFunc(l.leased, ends)
	}
	release := func(context.Context) error { ends(); return nil }
	return lock.Hold{Token: l.tokens, Release: release}, nil
}

// fakeFault does nothing, with the evidence and errors that a test wants.
type fakeFault struct {
	evidence          nemesis.Evidence
	injectErr, helErr error
	injected, healed  int
}

func (f *fakeFault) Requires() nemesis.Requirements { return nemesis.Requirements{} }

func (f *fakeFault) Inject(context.Context, nemesis.Target) (nemesis.Injected, error) {
	if f.injectErr != nil {
		return nemesis.Injected{}, f.injectErr
	}
	f.injected++
	return nemesis.Injected{To: "nobody", Heal: func(ctx context.Context) (nemesis.Evidence, error) {
		f.healed++
		return f.evidence, errors.Join(f.helErr, ctx.Err())
	}}, nil
}

func register() workloads.Kind {
	return workloads.Kind{New: func(r workloads.Resource) workloads.Workload { return workloads.NewRegister(r) }, Writes: true}
}

// carry runs a cell against fakes and reads its history back.
func carry(ctx context.Context, t *testing.T, f *fakeCluster, strategy lock.Strategy, fault nemesis.Fault) (history.History, error) {
	t.Helper()
	recipe := single("fake", fault, "", "")
	switch fault.(type) {
	case nil:
		recipe = scenario.Scenario{Name: "calm"}
	case pauseOnly, *crashOnly:
		recipe = single("fake", fault, nemesis.Holder, nemesis.Acquired)
	}
	return play(ctx, t, f, Draw(7, trials(settings(), recipe)).Cells[0], Parts{
		Strategy: strategy, Workload: register(), Faults: map[string]nemesis.Fault{"fake": fault},
	})
}

// play runs a cell against fakes.
func play(ctx context.Context, t *testing.T, f *fakeCluster, cell Cell, parts Parts) (history.History, error) {
	t.Helper()
	f.etcd = &fakeEtcd{watch: make(chan clientv3.WatchResponse, 1)}
	parts.Kind, parts.Place = Kind{Start: f.start}, Place{Prefix: "lockquake/"}
	var out bytes.Buffer
	err := Run(ctx, cell, parts, &out)
	h, decoding := history.Decode(&out)
	if decoding != nil || h.Cut != "" || len(h.Defects) > 0 {
		t.Errorf("history: %v, cut %q, defects %q", decoding, h.Cut, h.Defects)
	}
	if !f.closed || f.open != 0 {
		t.Errorf("cluster closed: %v, clients left open: %d", f.closed, f.open)
	}
	return h, err
}

func ops(h history.History, op history.Op) []history.Operation {
	return slices.DeleteFunc(slices.Clone(h.Ops), func(o history.Operation) bool { return o.Op != op })
}

func names(ops []history.Operation) string {
	var all []string
	for _, o := range ops {
		all = append(all, o.Op.String()+" "+o.Outcome.String())
	}
	return strings.Join(all, ", ")
}
