package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// readyTime bounds every wait for a member, and readTime each single read: etcd itself would let one
// wait for 5 s and more when there is no leader.
const (
	readyTime = 30 * time.Second
	readTime  = time.Second
)

// reconnects is how soon to try a member again that refused: it is near, and may just be starting.
func reconnects() backoff.Config {
	return backoff.Config{BaseDelay: 5 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 50 * time.Millisecond}
}

// healthKey is read, never written.
const healthKey = "lockquake/health"

// Healthy waits until every member has served a linearizable read, over a fresh connection that no
// link holds; a learner, which etcd lets serve no such read, a serializable one. If ctx (or 30 s) ends
// first, the error says of each that did not what was seen of it. A member that is down, or has ended
// by itself, fails at once; one that was removed is left out.
func (c *Cluster) Healthy(ctx context.Context) error {
	members := c.current()
	errs := make([]error, len(members))
	var reading sync.WaitGroup
	for i, m := range members {
		reading.Go(func() { errs[i] = c.serves(ctx, m) })
	}
	reading.Wait()
	return errors.Join(errs...)
}

// serves waits until a member has served a read.
func (c *Cluster) serves(ctx context.Context, m *member) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	conn, err := m.connect()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	id, err := c.retryRead(ctx, m, etcdserverpb.NewKVClient(conn))
	if err != nil {
		return fmt.Errorf("read from %s: %w; %s", m.name, err, c.belief(m))
	}
	m.set(func(m *member) { m.id = id })
	return nil
}

// connect gives a fresh connection to a member that no link holds. It is made when it is first used, and
// made again as often as it breaks.
func (m *member) connect() (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///"+m.name,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnects(), MinConnectTimeout: readTime}),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return m.dialClient(ctx) }))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", m.name, err)
	}
	return conn, nil
}

// retryRead reads until a read succeeds, and gives the etcd id of the member, or until it is down or ctx
// ends.
func (c *Cluster) retryRead(ctx context.Context, m *member, kv etcdserverpb.KVClient) (id uint64, err error) {
	for {
		if _, down := m.runs(); down != nil {
			return 0, down
		}
		id, err := readOnce(ctx, kv, m.isLearner())
		if err == nil {
			return id, nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%w, last answer: %s", ctx.Err(), err.Error())
		case <-time.After(c.config.Tick):
		}
	}
}

func readOnce(ctx context.Context, kv etcdserverpb.KVClient, serializable bool) (id uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	read := &etcdserverpb.RangeRequest{Key: []byte(healthKey), Serializable: serializable}
	answer, err := kv.Range(ctx, read, grpc.WaitForReady(true))
	if err != nil {
		return 0, err
	}
	return answer.Header.MemberId, nil
}

// answersPeers asks a member what its peers could, over a fresh connection that no link holds.
func (m *member) answersPeers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return m.dialPeer(ctx) },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.name+"/version", nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}
