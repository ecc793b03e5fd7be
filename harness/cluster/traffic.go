package cluster

import (
	"context"
	"maps"
	"path"
	"sync"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// Traffic counts what clients ask of etcd, and what their watches tell them. Clients that are opened with its
// DialOptions may share it. The zero Traffic has counted nothing.
type Traffic struct {
	mu    sync.Mutex
	total Counts
}

// Counts are numbers of messages.
type Counts struct {
	// Requests are by kind, the name of etcd's method: "Txn", "LeaseKeepAlive". "Range" are linearizable ones, the
	// others "Range (serializable)". Each try of a request counts.
	Requests map[string]int64
	Watches  int64 // begun
	Events   int64 // that watches told of
}

// Counts are those until now.
func (t *Traffic) Counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.total
	now.Requests = maps.Clone(now.Requests)
	return now
}

// Since are the counts less those of an earlier time; what was not asked for meanwhile is left out.
func (c Counts) Since(earlier Counts) Counts {
	d := Counts{Requests: map[string]int64{}, Watches: c.Watches - earlier.Watches, Events: c.Events - earlier.Events}
	for kind, n := range c.Requests {
		if n > earlier.Requests[kind] {
			d.Requests[kind] = n - earlier.Requests[kind]
		}
	}
	return d
}

// DialOptions make a client count.
func (t *Traffic) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(t.unary), grpc.WithChainStreamInterceptor(t.stream)}
}

func (t *Traffic) add(how func(*Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.total.Requests == nil {
		t.total.Requests = map[string]int64{}
	}
	how(&t.total)
}

func (t *Traffic) unary(ctx context.Context, method string, request, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	name := path.Base(method)
	if read, ok := request.(*etcdserverpb.RangeRequest); ok && read.Serializable {
		name += " (serializable)"
	}
	t.add(func(c *Counts) { c.Requests[name]++ })
	return invoke(ctx, method, request, reply, conn, options...)
}

func (t *Traffic) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		return nil, err
	}
	return counted{stream, t, path.Base(method)}, nil
}

// counted is a stream whose messages are counted: those that begin a watch, the events that it tells of, and of other
// streams, what is sent.
type counted struct {
	grpc.ClientStream
	by   *Traffic
	name string
}

func (s counted) SendMsg(message any) error {
	switch request := message.(type) {
	case *etcdserverpb.WatchRequest:
		if request.GetCreateRequest() != nil {
			s.by.add(func(c *Counts) { c.Watches++ })
		}
	default:
		s.by.add(func(c *Counts) { c.Requests[s.name]++ })
	}
	return s.ClientStream.SendMsg(message)
}

func (s counted) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if told, ok := message.(*etcdserverpb.WatchResponse); ok && err == nil && len(told.Events) > 0 {
		s.by.add(func(c *Counts) { c.Events += int64(len(told.Events)) })
	}
	return err
}
