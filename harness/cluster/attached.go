package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Attached is a cluster that somebody else runs, as its clients see it. Nothing is done to its members,
// and nothing outside of its prefix is touched. Its methods may be called from any goroutine; members are
// its endpoints, counted from 0.
type Attached struct {
	settings  External
	etcd      clientv3.Config
	endpoints []Endpoint
	control   *Client   // no fault touches it
	direct    []*Client // nor these, of one endpoint each
	clients   clients
	grants    grants

	mu  sync.Mutex
	ids []uint64 // etcd's, of the member that last answered at each endpoint
}

// Attach connects to every endpoint and reads from it, or says in a sentence for each why that cannot be. No
// endpoint is given longer than the dial timeout and the command timeout.
func Attach(ctx context.Context, e External) (*Attached, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	endpoints := make([]Endpoint, len(e.Endpoints))
	for i, endpoint := range e.Endpoints {
		endpoints[i] = reachedByTCP(endpoint)
	}
	return attachTo(ctx, endpoints, e)
}

func attachTo(ctx context.Context, endpoints []Endpoint, e External) (*Attached, error) {
	config, err := e.clientConfig()
	if err != nil {
		return nil, err
	}
	n := len(endpoints)
	a := &Attached{settings: e, etcd: config, endpoints: endpoints, ids: make([]uint64, n), direct: make([]*Client, n)}
	if err := a.attach(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// reachedByTCP is an endpoint that has been validated.
func reachedByTCP(endpoint string) Endpoint {
	scheme, host, _ := splitEndpoint(endpoint)
	dial := func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", host) }
	return Endpoint{Scheme: scheme, Host: host, Dial: dial}
}

func (a *Attached) attach(ctx context.Context) error {
	errs := make([]error, len(a.endpoints))
	clusters := make([]uint64, len(a.endpoints))
	var reaching sync.WaitGroup
	for i := range a.endpoints {
		reaching.Go(func() { clusters[i], errs[i] = a.reach(ctx, i) })
	}
	reaching.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, id := range clusters {
		if id != clusters[0] {
			return fmt.Errorf("%s and %s are members of different clusters", a.endpoints[0].Host, a.endpoints[i].Host)
		}
	}
	var err error
	a.control, err = a.clients.open(ctx, a.endpoints, a.own())
	return err
}

// reach connects to one endpoint for good, and gives the id of its cluster.
func (a *Attached) reach(ctx context.Context, i int) (clusterID uint64, err error) {
	if err = a.knock(ctx, a.endpoints[i]); err == nil {
		clusterID, err = a.ask(ctx, i)
	}
	if err != nil {
		return 0, fmt.Errorf("attach to %s: %w", a.endpoints[i].Host, a.hint(ctx, i, err))
	}
	return clusterID, nil
}

func (a *Attached) ask(ctx context.Context, i int) (clusterID uint64, err error) {
	if a.direct[i], err = newClient(a.endpoints[i:i+1], a.own()); err != nil {
		return 0, err
	}
	a.clients.add(a.direct[i])
	answer, err := a.status(ctx, i)
	if err != nil {
		return 0, err
	}
	return answer.Header.ClusterId, a.read(ctx, i)
}

// own describes clients that are not the workload's: they notice soon that a member is back.
func (a *Attached) own() ClientConfig {
	again := grpc.ConnectParams{Backoff: reconnects(), MinConnectTimeout: a.dialTimeout()}
	return ClientConfig{etcd: a.etcd, DialOptions: []grpc.DialOption{grpc.WithConnectParams(again)}}
}

// knock connects once without etcd's client, which would wait for a connection and then tell of a timeout.
func (a *Attached) knock(ctx context.Context, endpoint Endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, a.dialTimeout())
	defer cancel()
	err := a.exchange(ctx, endpoint)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", a.dialTimeout())
	}
	return errors.Join(err, ctx.Err())
}

func (a *Attached) exchange(ctx context.Context, endpoint Endpoint) error {
	conn, err := endpoint.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if config, yes := secure(endpoint, a.etcd.TLS); yes {
		conn = tls.Client(conn, config)
	}
	return greet(conn)
}

// greet exchanges the first frames of HTTP/2 with a server. In TLS 1.3 that is when it tells whether it
// takes the client's certificate. (RFC 9113, 3.4)
func greet(conn net.Conn) error {
	const preface, settings = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if _, err := io.WriteString(conn, preface+settings); err != nil {
		return err
	}
	answer := make([]byte, len(settings))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[3] != settings[3] {
		return errors.New("it does not speak HTTP/2")
	}
	return nil
}

// hint says what to do about an error.
func (a *Attached) hint(ctx context.Context, i int, err error) error {
	_, encrypted := secure(a.endpoints[i], a.etcd.TLS)
	switch {
	case errors.Is(err, rpctypes.ErrUserEmpty):
		return fmt.Errorf("%w: it wants --user and --password", err)
	case errors.Is(err, rpctypes.ErrAuthFailed):
		return fmt.Errorf("user %s: %w", a.etcd.Username, err)
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fmt.Errorf("%w: user %s needs a role that reads and writes prefix %s", err, a.etcd.Username, a.settings.Prefix)
	case encrypted && errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it does not speak TLS", err)
	case !encrypted && a.speaksTLS(ctx, a.endpoints[i]):
		return fmt.Errorf("%w: it speaks TLS, give --cacert, or https://", err)
	}
	return err
}

// speaksTLS asks without caring who answers: nothing is said to it.
func (a *Attached) speaksTLS(ctx context.Context, endpoint Endpoint) bool {
	ctx, cancel := context.WithTimeout(ctx, a.dialTimeout())
	defer cancel()
	conn, err := endpoint.Dial(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	anybody := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}
	return tls.Client(conn, anybody).HandshakeContext(ctx) == nil
}

func (a *Attached) dialTimeout() time.Duration { return positive(a.settings.DialTimeout, dialTimeout) }

func (a *Attached) commandTimeout() time.Duration {
	return positive(a.settings.CommandTimeout, dialTimeout)
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// Client opens a client of all endpoints, and waits until it is connected to one. It lives until it
// is closed, or the cluster is; ctx (or 30 s) bounds the opening only.
func (a *Attached) Client(ctx context.Context, config ClientConfig) (*Client, error) {
	config.etcd = a.etcd
	config.DialOptions = append(slices.Clone(config.DialOptions), a.grants.option())
	return a.clients.open(ctx, a.endpoints, config)
}

// Versions are the members' versions of etcd, each once.
func (a *Attached) Versions(ctx context.Context) (versions []string, err error) {
	for i := range a.endpoints {
		status, err := a.status(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("ask %s for its version: %w", a.endpoints[i].Host, err)
		}
		if !slices.Contains(versions, status.Version) {
			versions = append(versions, status.Version)
		}
	}
	return versions, nil
}

// Names are the endpoints, host:port, in order.
func (a *Attached) Names() []string {
	names := make([]string, len(a.endpoints))
	for i, e := range a.endpoints {
		names[i] = e.Host
	}
	return names
}

// Believes tells whom the member at an endpoint takes for the leader (-1: nobody, or one that has no
// endpoint here) and in which term. A member that does not answer within a second does not run.
func (a *Attached) Believes(member int) (leader int, term uint64, running bool) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	answer, err := a.status(ctx, member)
	if err != nil {
		return -1, 0, false
	}
	return a.memberOf(answer.Leader), answer.RaftTerm, true
}

func (a *Attached) memberOf(id uint64) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if id == 0 {
		return -1
	}
	return slices.Index(a.ids, id)
}

// status asks the member at an endpoint. It is not tried again, so that it tells of what went wrong.
func (a *Attached) status(ctx context.Context, member int) (*etcdserverpb.StatusResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, a.commandTimeout())
	defer cancel()
	conn := a.direct[member].Etcd.ActiveConnection()
	answer, err := etcdserverpb.NewMaintenanceClient(conn).Status(ctx, &etcdserverpb.StatusRequest{})
	if err != nil {
		return nil, rpctypes.Error(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[member] = answer.Header.MemberId
	return answer, nil
}

// Healthy waits until a linearizable read was served through every endpoint. If ctx (or 30 s) ends first,
// the error says of each that did not what was seen of it. What etcd refuses for good fails at once.
func (a *Attached) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	errs := make([]error, len(a.endpoints))
	var reading errgroup.Group
	for i := range a.endpoints {
		reading.Go(func() error { errs[i] = a.serves(ctx, i); return nil })
	}
	_ = reading.Wait()
	return errors.Join(errs...)
}

func (a *Attached) serves(ctx context.Context, member int) error {
	for {
		err := a.read(ctx, member)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !passing(err) {
			return fmt.Errorf("read from %s: %w", a.endpoints[member].Host, a.hint(ctx, member, err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(DefaultTick):
		}
	}
}

// passing tells of an error that may be gone the next time.
func passing(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var refused rpctypes.EtcdError
	if errors.As(err, &refused) {
		return refused.Code() == codes.Unavailable
	}
	return status.Code(err) == codes.Unavailable
}

// healthKey is read, never written.
func (a *Attached) healthKey() string { return a.settings.Prefix + "health" }

func (a *Attached) read(ctx context.Context, member int) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	_, err := a.direct[member].Etcd.Get(ctx, a.healthKey())
	return err
}

// ShortestTTL finds out by a grant how long a lease lives that was asked for for a second: etcd
// raises what is shorter than its election timeouts allow, and says so only in its answer.
func (a *Attached) ShortestTTL(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, a.commandTimeout())
	defer cancel()
	granted, err := a.control.Etcd.Grant(ctx, 1)
	if err != nil {
		return 0, fmt.Errorf("ask for a lease of 1 s: %w", err)
	}
	if _, err := a.control.Etcd.Revoke(ctx, granted.ID); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return 0, fmt.Errorf("give a lease back: %w", err)
	}
	return seconds(granted.TTL), nil
}

// Close ends all clients. The cluster goes on, and what it stores stays: see CleanUp.
func (a *Attached) Close() error { return a.clients.close() }
