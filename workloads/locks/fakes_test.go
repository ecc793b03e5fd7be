package locks

import (
	"context"
	"slices"
	"sync/atomic"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// lossy loses replies to deletes while it is told to: they are carried out, but their caller learns nothing.
type lossy struct {
	clientv3.KV
	deletes bool
}

func (l *lossy) Delete(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.DeleteResponse, error) {
	resp, err := l.KV.Delete(ctx, key, opts...)
	if l.deletes {
		return nil, context.DeadlineExceeded
	}
	return resp, err
}

// unanswered loses the reply of every request that creates a lock's key, as long as it is on.
type unanswered struct{ off atomic.Bool }

func (u *unanswered) option() grpc.DialOption { return grpc.WithChainUnaryInterceptor(u.unary) }

func (u *unanswered) unary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	err := invoke(ctx, method, request, reply, conn, options...)
	if err == nil && creates(request) && !u.off.Load() {
		return status.Error(codes.Unavailable, "the reply was lost")
	}
	return err
}

func creates(request any) bool {
	switch request := request.(type) {
	case *v3lockpb.LockRequest:
		return true
	case *etcdserverpb.TxnRequest:
		puts := func(op *etcdserverpb.RequestOp) bool { return op.GetRequestPut() != nil }
		return slices.ContainsFunc(slices.Concat(request.Success, request.Failure), puts)
	}
	return false
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
