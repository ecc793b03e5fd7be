package cluster

import (
	"context"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// LeaseObserver is told, as each answer arrives, what a client learns of its leases. sent is when the
// request behind the answer was handed to the connection, or earlier: the lease lives at least until
// sent + ttl, which is what its holder can know. Nil functions are not called; the others must not
// block.
type LeaseObserver struct {
	Granted func(lease int64, ttl time.Duration, sent time.Time)
	Renewed func(lease int64, ttl time.Duration, sent time.Time)
	Expired func(lease int64, sent time.Time) // a renewal was answered: there is no such lease
	Revoked func(lease int64, sent time.Time) // at the client's own request
}

// interceptors see each try of a request: they are called inside of clientv3's retries. The observer
// stands outside of the losses: it learns what the client does.
func interceptors(o LeaseObserver, l *losses) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(o.unary, l.unary),
		grpc.WithChainStreamInterceptor(renewalsOf(o, l)),
	}
}

func (o LeaseObserver) unary(ctx context.Context, method string, request, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	sent := time.Now()
	err := invoke(ctx, method, request, reply, conn, options...)
	if err == nil {
		o.answered(request, reply, sent)
	}
	return err
}

func (o LeaseObserver) answered(request, reply any, sent time.Time) {
	switch reply := reply.(type) {
	case *etcdserverpb.LeaseGrantResponse:
		if o.Granted != nil {
			o.Granted(reply.ID, seconds(reply.TTL), sent)
		}
	case *etcdserverpb.LeaseRevokeResponse:
		if o.Revoked != nil {
			o.Revoked(request.(*etcdserverpb.LeaseRevokeRequest).ID, sent)
		}
	}
}

func renewalsOf(o LeaseObserver, l *losses) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
		open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := open(ctx, desc, conn, method, options...)
		if err != nil || method != etcdserverpb.Lease_LeaseKeepAlive_FullMethodName {
			return stream, err
		}
		return &renewals{ClientStream: stream, observer: o, losses: l, sent: map[int64][]renewal{}}, nil
	}
}

// renewals is a stream of keepalives. etcd answers them one by one in the order in which they were
// sent, so an answer belongs to the oldest unanswered request for its lease; if one were ever lost
// otherwise than by losses, that is the safe side. clientv3 sends two a second for each lease until it
// gives the lease up, at the latest a TTL after the last answer, which bounds what is kept here.
type renewals struct {
	grpc.ClientStream
	observer LeaseObserver
	losses   *losses

	mu   sync.Mutex
	sent map[int64][]renewal // unanswered, by lease
}

// renewal is a keepalive under way.
type renewal struct {
	at     time.Time
	wanted []*replyLoss
}

// SendMsg leaves a request that is lost out of the list: it will have no answer.
func (r *renewals) SendMsg(message any) error {
	request, ok := message.(*etcdserverpb.LeaseKeepAliveRequest)
	if !ok {
		return r.ClientStream.SendMsg(message)
	}
	swallowing, wanted := r.losses.of(request)
	if swallowing != nil {
		return nil
	}
	r.mu.Lock()
	r.sent[request.ID] = append(r.sent[request.ID], renewal{time.Now(), wanted})
	r.mu.Unlock()
	return r.ClientStream.SendMsg(message)
}

// RecvMsg waits for the next answer where one is lost.
func (r *renewals) RecvMsg(message any) error {
	for {
		if err := r.ClientStream.RecvMsg(message); err != nil {
			return err
		}
		answer, ok := message.(*etcdserverpb.LeaseKeepAliveResponse)
		if !ok {
			return nil
		}
		oldest := r.oldest(answer.ID)
		if !takenBy(oldest.wanted, &etcdserverpb.LeaseKeepAliveRequest{ID: answer.ID}, answer) {
			r.observer.renewed(answer, oldest.at)
			return nil
		}
	}
}

// oldest takes the oldest unanswered send. There always is one; if not, the zero time, long past, is
// the safe one.
func (r *renewals) oldest(lease int64) renewal {
	r.mu.Lock()
	defer r.mu.Unlock()
	unanswered := r.sent[lease]
	if len(unanswered) <= 1 {
		delete(r.sent, lease)
	} else {
		r.sent[lease] = unanswered[1:]
	}
	if len(unanswered) == 0 {
		return renewal{}
	}
	return unanswered[0]
}

func (o LeaseObserver) renewed(answer *etcdserverpb.LeaseKeepAliveResponse, sent time.Time) {
	switch {
	case answer.TTL <= 0 && o.Expired != nil:
		o.Expired(answer.ID, sent)
	case answer.TTL > 0 && o.Renewed != nil:
		o.Renewed(answer.ID, seconds(answer.TTL), sent)
	}
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
