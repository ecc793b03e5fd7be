package repro

import (
	"context"
	"slices"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// wire stands between a client and its connection: it counts what passes, and can make one request, or one
// reply, wait.
type wire struct {
	mu      sync.Mutex
	txns    int // answered
	reads   int // answered
	watches int // begun, as etcd says
	delays  []*delay
}

// matcher tells a kind of requests, which are etcdserverpb messages.
type matcher func(request any) bool

// delay makes the first request that matches wait, or its reply.
type delay struct {
	match   matcher
	reply   bool
	arrived chan struct{} // closed: it waits
	over    chan struct{} // closed: it may go on
}

func (w *wire) options() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(w.unary), grpc.WithChainStreamInterceptor(w.stream)}
}

// delayRequest lets the next request that matches wait before it leaves.
func (w *wire) delayRequest(match matcher) *delay { return w.delayNext(match, false) }

// delayReply lets the reply to the next request that matches wait before it arrives.
func (w *wire) delayReply(match matcher) *delay { return w.delayNext(match, true) }

func (w *wire) delayNext(match matcher, reply bool) *delay {
	d := &delay{match: match, reply: reply, arrived: make(chan struct{}), over: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delays = append(w.delays, d)
	return d
}

// of gives the delay of a request, and forgets it: it delays once.
func (w *wire) of(request any) *delay {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.delays, func(d *delay) bool { return d.match(request) })
	if i < 0 {
		return nil
	}
	d := w.delays[i]
	w.delays = slices.Delete(w.delays, i, i+1)
	return d
}

func (w *wire) unary(ctx context.Context, method string, request, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	d := w.of(request)
	if d != nil && !d.reply {
		if err := d.wait(ctx); err != nil {
			return err
		}
	}
	err := invoke(ctx, method, request, reply, conn, options...)
	if d != nil && d.reply && err == nil {
		err = d.wait(ctx)
	}
	if err == nil {
		w.count(reply)
	}
	return err
}

func (d *delay) wait(ctx context.Context) error {
	close(d.arrived)
	select {
	case <-d.over:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

func (w *wire) count(reply any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch reply := reply.(type) {
	case *pb.TxnResponse:
		w.txns++
	case *pb.RangeResponse:
		w.reads++
	case *pb.WatchResponse:
		if reply.Created {
			w.watches++
		}
	}
}

// counted is what has passed until now.
func (w *wire) counted() (txns, reads, watches int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.txns, w.reads, w.watches
}

func (w *wire) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		return nil, err
	}
	return counting{stream, w}, nil
}

// counting is a stream whose answers are counted.
type counting struct {
	grpc.ClientStream
	wire *wire
}

func (c counting) RecvMsg(message any) error {
	err := c.ClientStream.RecvMsg(message)
	if err == nil {
		c.wire.count(message)
	}
	return err
}

// Kinds of requests.

func isTxn(request any) bool {
	_, is := request.(*pb.TxnRequest)
	return is
}

// acquires tells a Txn that puts a key under a lease.
func acquires(request any) bool {
	txn, is := request.(*pb.TxnRequest)
	return is && anyOp(txn, func(op *pb.RequestOp) bool { return op.GetRequestPut().GetLease() != 0 })
}

// deletes tells a Delete, and a Txn that deletes.
func deletes(request any) bool {
	if txn, is := request.(*pb.TxnRequest); is {
		return anyOp(txn, func(op *pb.RequestOp) bool { return op.GetRequestDeleteRange() != nil })
	}
	_, is := request.(*pb.DeleteRangeRequest)
	return is
}

// anyOp looks at what a Txn does if its comparisons hold.
func anyOp(txn *pb.TxnRequest, is func(*pb.RequestOp) bool) bool {
	return slices.ContainsFunc(txn.Success, is)
}
