package locks

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// hooked lets a test act between a client's requests. A func that is nil does nothing; each is called once, after
// the first such request was carried out and before its answer comes back, and may lose that.
type hooked struct {
	clientv3.KV
	clientv3.Watcher
	got, committed, deleted func() (lost bool)
	watched                 func(from int64)
}

func once(hook func() (lost bool)) func() bool {
	if hook == nil {
		return func() bool { return false }
	}
	var first sync.Once
	return func() (lost bool) {
		first.Do(func() { lost = hook() })
		return lost
	}
}

// hook puts the hooks into a client.
func (h hooked) into(client *clientv3.Client) {
	h.KV, h.Watcher = client.KV, client.Watcher
	h.got, h.committed, h.deleted = once(h.got), once(h.committed), once(h.deleted)
	client.KV, client.Watcher = h, h
}

func (h hooked) Get(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	resp, err := h.KV.Get(ctx, key, options...)
	if h.got() {
		return nil, context.DeadlineExceeded
	}
	return resp, err
}

func (h hooked) Delete(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.DeleteResponse, error) {
	resp, err := h.KV.Delete(ctx, key, options...)
	if h.deleted() {
		return nil, context.DeadlineExceeded
	}
	return resp, err
}

func (h hooked) Txn(ctx context.Context) clientv3.Txn { return hookedTxn{h.KV.Txn(ctx), h.committed} }

func (h hooked) Watch(ctx context.Context, key string, options ...clientv3.OpOption) clientv3.WatchChan {
	if h.watched != nil {
		watch := clientv3.OpGet(key, options...)
		h.watched(watch.Rev())
	}
	return h.Watcher.Watch(ctx, key, options...)
}

func (h hooked) Close() error { return h.Watcher.Close() }

type hookedTxn struct {
	clientv3.Txn
	committed func() bool
}

func (t hookedTxn) If(cs ...clientv3.Cmp) clientv3.Txn {
	return hookedTxn{t.Txn.If(cs...), t.committed}
}
func (t hookedTxn) Then(os ...clientv3.Op) clientv3.Txn {
	return hookedTxn{t.Txn.Then(os...), t.committed}
}
func (t hookedTxn) Else(os ...clientv3.Op) clientv3.Txn {
	return hookedTxn{t.Txn.Else(os...), t.committed}
}

func (t hookedTxn) Commit() (*clientv3.TxnResponse, error) {
	resp, err := t.Txn.Commit()
	if t.committed() {
		return nil, context.DeadlineExceeded
	}
	return resp, err
}
