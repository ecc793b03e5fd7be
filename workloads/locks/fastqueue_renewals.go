package locks

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// queueRenewals are those of one lease, one after the other on a stream that lasts for as long as each is answered.
//
// clientv3's KeepAliveOnce opens a stream for each and, without a connection, asks again and again with no rest in
// between; its KeepAlive does not tell when it sent what was answered.
type queueRenewals struct {
	lease  *trustedLease
	stream etcdserverpb.Lease_LeaseKeepAliveClient // nil: none is open
	cancel context.CancelFunc
}

// next sends a renewal and waits for its answer, a quarter of the TTL at most, so that there is time for another.
func (r *queueRenewals) next(ctx context.Context) error {
	answer, sent, err := r.ask(ctx)
	if err != nil {
		r.close() // what is answered late must not be taken for the answer to the next
		return fmt.Errorf("renew lease %x: %w", r.lease.id, err)
	}
	if answer.TTL <= 0 {
		return fmt.Errorf("renew lease %x: %w", r.lease.id, rpctypes.ErrLeaseNotFound)
	}
	r.lease.tell.heard(answer.Header.GetRevision())
	r.lease.renewed(sent.Add(time.Duration(answer.TTL) * time.Second))
	return nil
}

func (r *queueRenewals) ask(ctx context.Context) (answer *etcdserverpb.LeaseKeepAliveResponse, sent time.Time, err error) {
	if r.stream == nil {
		ctx, r.cancel = context.WithCancel(ctx)
	}
	defer time.AfterFunc(r.lease.ttl/4, r.cancel).Stop()
	if r.stream == nil {
		r.stream, err = clientv3.RetryLeaseClient(r.lease.client).LeaseKeepAlive(ctx, grpc.WaitForReady(true))
		if err != nil {
			return nil, sent, err
		}
	}
	sent = time.Now()
	if err := r.stream.Send(&etcdserverpb.LeaseKeepAliveRequest{ID: int64(r.lease.id)}); err != nil {
		return nil, sent, err
	}
	answer, err = r.stream.Recv()
	return answer, sent, err
}

func (r *queueRenewals) close() {
	if r.cancel != nil {
		r.cancel()
	}
	r.stream = nil
}
