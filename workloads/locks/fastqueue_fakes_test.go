package locks

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// relay passes on what watches tell, and can keep it back, or end the latest watch.
type relay struct {
	clientv3.Watcher

	mu   sync.Mutex
	out  chan clientv3.WatchResponse // of the latest watch; nil: it has ended
	held bool
	kept []*clientv3.Event
}

// into puts the relay into a client.
func (r *relay) into(client *clientv3.Client) *relay {
	r.Watcher = client.Watcher
	client.Watcher = r
	return r
}

func (r *relay) Watch(ctx context.Context, key string, options ...clientv3.OpOption) clientv3.WatchChan {
	out := make(chan clientv3.WatchResponse, 1)
	r.mu.Lock()
	r.out, r.held, r.kept = out, false, nil
	r.mu.Unlock()
	source := r.Watcher.Watch(ctx, key, options...)
	go func() {
		for answer := range source {
			r.pass(ctx, out, answer)
		}
		r.end(out)
	}()
	return out
}

func (r *relay) pass(ctx context.Context, out chan clientv3.WatchResponse, answer clientv3.WatchResponse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.out != out:
	case r.held:
		r.kept = append(r.kept, answer.Events...)
	default:
		select {
		case out <- answer:
		case <-ctx.Done():
		}
	}
}

func (r *relay) end(out chan clientv3.WatchResponse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out == out {
		close(out)
		r.out = nil
	}
}

// hold keeps back what comes.
func (r *relay) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = true
}

// holds tells how many events are kept back.
func (r *relay) holds() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.kept)
}

// letGo passes on what was kept, all at once, as etcd does for a watch that lags behind.
func (r *relay) letGo() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = false
	r.out <- clientv3.WatchResponse{Events: r.kept}
	r.kept = nil
}

// compacted ends the latest watch as etcd does when it was to tell of revisions that were compacted.
func (r *relay) compacted(revision int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out <- clientv3.WatchResponse{Canceled: true, CompactRevision: revision}
	close(r.out)
	r.out = nil
}

// generous is an etcd that grants leases of a minute, whatever it says: what it is told to be lost is not.
type generous struct{ clientv3.Lease }

func (g generous) Grant(ctx context.Context, seconds int64) (*clientv3.LeaseGrantResponse, error) {
	granted, err := g.Lease.Grant(ctx, 60)
	if err == nil {
		granted.TTL = seconds
	}
	return granted, err
}

// mum never answers a Txn, whether or not it carries it out.
type mum struct {
	clientv3.KV
	carries bool
}

func (m mum) Txn(ctx context.Context) clientv3.Txn { return mumTxn{m.KV.Txn(ctx), m} }

type mumTxn struct {
	clientv3.Txn
	server mum
}

func (t mumTxn) If(cs ...clientv3.Cmp) clientv3.Txn  { return mumTxn{t.Txn.If(cs...), t.server} }
func (t mumTxn) Then(os ...clientv3.Op) clientv3.Txn { return mumTxn{t.Txn.Then(os...), t.server} }
func (t mumTxn) Else(os ...clientv3.Op) clientv3.Txn { return mumTxn{t.Txn.Else(os...), t.server} }

func (t mumTxn) Commit() (*clientv3.TxnResponse, error) {
	if t.server.carries {
		_, _ = t.Txn.Commit()
	}
	return nil, context.DeadlineExceeded
}
