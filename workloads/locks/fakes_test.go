package locks

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// lossy loses replies: a request whose flag is set is carried out, but its caller learns nothing.
type lossy struct {
	clientv3.KV
	txns, deletes bool
}

func (l *lossy) Txn(ctx context.Context) clientv3.Txn {
	if l.txns {
		return lossyTxn{l.KV.Txn(ctx)}
	}
	return l.KV.Txn(ctx)
}

func (l *lossy) Delete(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.DeleteResponse, error) {
	resp, err := l.KV.Delete(ctx, key, opts...)
	if l.deletes {
		return nil, context.DeadlineExceeded
	}
	return resp, err
}

type lossyTxn struct{ clientv3.Txn }

func (t lossyTxn) If(cs ...clientv3.Cmp) clientv3.Txn  { return lossyTxn{t.Txn.If(cs...)} }
func (t lossyTxn) Then(os ...clientv3.Op) clientv3.Txn { return lossyTxn{t.Txn.Then(os...)} }
func (t lossyTxn) Else(os ...clientv3.Op) clientv3.Txn { return lossyTxn{t.Txn.Else(os...)} }

func (t lossyTxn) Commit() (*clientv3.TxnResponse, error) {
	_, _ = t.Txn.Commit()
	return nil, context.DeadlineExceeded
}

// repeating carries out every Txn so many times and tells of the last, as clientv3 does after some
// errors; then it calls after.
type repeating struct {
	clientv3.KV
	times int
	after func()
}

func (r repeating) Txn(ctx context.Context) clientv3.Txn { return repeatingTxn{r.KV.Txn(ctx), r} }

type repeatingTxn struct {
	clientv3.Txn
	how repeating
}

func (t repeatingTxn) If(cs ...clientv3.Cmp) clientv3.Txn {
	return repeatingTxn{t.Txn.If(cs...), t.how}
}
func (t repeatingTxn) Then(os ...clientv3.Op) clientv3.Txn {
	return repeatingTxn{t.Txn.Then(os...), t.how}
}
func (t repeatingTxn) Else(os ...clientv3.Op) clientv3.Txn {
	return repeatingTxn{t.Txn.Else(os...), t.how}
}

func (t repeatingTxn) Commit() (resp *clientv3.TxnResponse, err error) {
	defer t.how.after()
	for range t.how.times {
		if resp, err = t.Txn.Commit(); err != nil {
			break
		}
	}
	return resp, err
}

// mute is a server that never answers a revoke or a delete.
type mute struct {
	clientv3.KV
	clientv3.Lease
	asked  chan struct{} // a delete was sent
	looked chan struct{} // a key was looked for, which a waiter does once its own is there
}

func (m mute) Get(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	select {
	case m.looked <- struct{}{}:
	default:
	}
	return m.KV.Get(ctx, key, options...)
}

func (m mute) Delete(ctx context.Context, _ string, _ ...clientv3.OpOption) (*clientv3.DeleteResponse, error) {
	m.asked <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (m mute) Revoke(ctx context.Context, _ clientv3.LeaseID) (*clientv3.LeaseRevokeResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
