package cluster

import (
	"context"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// BenchmarkInterceptors times what a client of ours does to each request beyond what clientv3 does, and, beside it
// in the same run, the cheapest request there is, a serializable read over a unix socket. x-of-read is the
// ratio of the two times.
func BenchmarkInterceptors(b *testing.B) {
	for name, armed := range map[string]int{"nothing to lose": 0, "two losses that do not match": 2} {
		b.Run(name, func(b *testing.B) {
			losses := newLosses()
			c := &Client{losses: losses}
			for range armed {
				defer c.LoseReply(func(any) bool { return false })()
			}
			var notes int
			observer := LeaseObserver{Renewed: func(int64, time.Duration, time.Time) { notes++ }}
			var request, reply any = &etcdserverpb.RangeRequest{}, &etcdserverpb.RangeResponse{}
			nothing := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
			inner := func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, options ...grpc.CallOption) error {
				return losses.unary(ctx, method, request, reply, conn, nothing, options...)
			}
			for b.Loop() {
				if err := observer.unary(b.Context(), "", request, reply, nil, inner); err != nil {
					b.Fatal(err)
				}
			}
			ours := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(ours)/float64(timeRead(b)), "x-of-read")
		})
	}
}

func timeRead(b *testing.B) time.Duration {
	b.Helper()
	const reads = 1000
	c, err := Start(b.Context(), Config{Members: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	client, err := c.Client(b.Context(), ClientConfig{})
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	for range reads {
		if _, err := client.Etcd.Get(b.Context(), "key", clientv3.WithSerializable()); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began) / reads
}
