package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// readyTime bounds every wait for a member, and readTime each single read: etcd itself would let one
// wait for 5 s and more when there is no leader.
const (
	readyTime = 30 * time.Second
	readTime  = time.Second
)

// healthKey is read, never written.
const healthKey = "lockquake/health"

// Healthy waits until every member has served a linearizable read, over a fresh connection that no
// link holds. If ctx (or 30 s) ends first, the error says of each that did not what was seen of it. A
// member that is down fails at once.
func (c *Cluster) Healthy(ctx context.Context) error {
	errs := make([]error, len(c.all()))
	var reading sync.WaitGroup
	for i := range c.all() {
		reading.Go(func() { errs[i] = c.serves(ctx, i) })
	}
	reading.Wait()
	return errors.Join(errs...)
}

// serves waits until a member has served a linearizable read.
func (c *Cluster) serves(ctx context.Context, member int) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	m := c.member(member)
	conn, err := grpc.NewClient("passthrough:///"+m.name,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return m.dialClient(ctx) }))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", m.name, err)
	}
	defer func() { _ = conn.Close() }()
	if err := c.retryRead(ctx, m, etcdserverpb.NewKVClient(conn)); err != nil {
		return fmt.Errorf("read from %s: %w; %s", m.name, err, c.belief(member))
	}
	return nil
}

// retryRead reads until a read succeeds, the member is down or ctx ends.
func (c *Cluster) retryRead(ctx context.Context, m *member, kv etcdserverpb.KVClient) error {
	for {
		err := readOnce(ctx, kv)
		if err == nil {
			return nil
		}
		if m.server() == nil {
			return errDown
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, last answer: %s", ctx.Err(), err.Error())
		case <-time.After(c.config.Tick):
		}
	}
}

func readOnce(ctx context.Context, kv etcdserverpb.KVClient) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	_, err := kv.Range(ctx, &etcdserverpb.RangeRequest{Key: []byte(healthKey)}, grpc.WaitForReady(true))
	return err
}
