package locks

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"lockquake/harness/cluster"
	"lockquake/workloads/lock"
)

// tally counts the requests of clients that are opened with its option.
type tally struct{ reads, writes atomic.Int64 }

func (n *tally) option() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, reply any,
		conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		switch request.(type) {
		case *pb.RangeRequest:
			n.reads.Add(1)
		case *pb.TxnRequest, *pb.DeleteRangeRequest, *pb.PutRequest:
			n.writes.Add(1)
		}
		return invoke(ctx, method, request, reply, conn, options...)
	})
}

// crew opens a lock for each of so many clients, whose requests are counted.
func crew(tb testing.TB, c *cluster.Cluster, n *tally, strategy lock.Strategy, name string, clients int) []lock.Lock {
	tb.Helper()
	var locks []lock.Lock
	for i := range clients {
		client, err := c.Client(tb.Context(), cluster.ClientConfig{Number: i, DialOptions: []grpc.DialOption{n.option()}})
		if err != nil {
			tb.Fatal(err)
		}
		l, err := strategy(tb.Context(), lock.Env{Client: client.Etcd, Name: name, TTL: time.Minute, ClientID: fmt.Sprintf("c%d", i)})
		if err != nil {
			tb.Fatal(err)
		}
		locks = append(locks, l)
	}
	return locks
}

// turns takes the lock, once for each time that more is true, which it asks while it has it. It gets in line again
// with the release if the lock can do that.
func turns(ctx context.Context, l lock.Lock, more func() bool) error {
	for again := true; again; {
		hold, err := l.Acquire(ctx)
		if err != nil {
			return err
		}
		again = more()
		if r, can := l.(lock.Requeuer); can && again {
			err = r.Requeue(ctx, hold)
		} else {
			err = hold.Release(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// spent is what so many acquisitions of each of so many clients cost, all of them together.
type spent struct{ reads, writes, revisions int64 }

func spend(b *bed, strategy lock.Strategy, clients, acquisitions int) spent {
	b.Helper()
	n := &tally{}
	locks := crew(b, b.cluster, n, strategy, lockName, clients)
	before := b.revision()
	var group errgroup.Group
	for _, l := range locks {
		had := 0
		group.Go(func() error {
			return turns(b.ctx, l, func() bool { had++; return had < acquisitions })
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return spent{n.reads.Load(), n.writes.Load(), b.revision() - before}
}

func (b *bed) revision() int64 {
	b.Helper()
	resp, err := b.outside.Get(b.ctx, lockName, clientv3.WithCountOnly())
	if err != nil {
		b.Fatal(err)
	}
	return resp.Header.Revision
}

const countedClients, countedAcquisitions = 4, 25

// Each client reads the line when it opens the lock. The first enqueue and the last release are requests of their
// own; all others are one for each acquisition, and none fails: each makes a revision.
func TestFastQueueNeedsOneRequestForEachAcquisition(t *testing.T) {
	b := newBed(t)
	writes := int64(countedClients * (countedAcquisitions + 1))
	want := spent{reads: countedClients, writes: writes, revisions: writes}
	if got := spend(b, FastQueue, countedClients, countedAcquisitions); got != want {
		b.Errorf("spent %+v, want %+v", got, want)
	}
}

// The twin.
func TestMutexNeedsReadsAndTwoWritesForEachAcquisition(t *testing.T) {
	b := newBed(t)
	all := int64(countedClients * countedAcquisitions)
	got := spend(b, Mutex, countedClients, countedAcquisitions)
	if got.revisions != 2*all || got.reads < all {
		b.Errorf("spent %+v for %d acquisitions, want two revisions and at least a read for each", got, all)
	}
}
