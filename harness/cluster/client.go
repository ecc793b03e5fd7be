package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"lockquake/harness/network"
)

// dialTimeout is what etcd's examples set, so nearly everybody has it. clientv3 makes of it how long a
// lease may wait for its first renewal: 1 s more.
const dialTimeout = 5 * time.Second

var errEnded = errors.New("the client has ended")

// Endpoint is a member as clients reach it.
type Endpoint struct {
	Scheme string // http, https, or none: TLS if the client has any
	Host   string // host:port, by which it is told from the others; Dial may take it to anywhere
	Dial   func(context.Context) (net.Conn, error)
}

// ClientConfig describes a client.
type ClientConfig struct {
	Number      int               // rotates the order of the members that it knows
	Leases      LeaseObserver     // what it is told of the client's leases
	DialOptions []grpc.DialOption // interceptors and the like; they see each try of a request

	etcd    clientv3.Config // who it is, and how it knows the members; zero fields take the defaults
	private bool            // no other process can use its links
}

// Client is a clientv3.Client of all members, with a link of its own to and from each.
type Client struct {
	Etcd *clientv3.Client

	number    int
	private   bool
	endpoints []Endpoint
	tls       *tls.Config // of endpoints that want it; nil: the default
	losses    *losses
	entrance  entrance

	mu    sync.Mutex
	links []*links // by member; grows when asked for more
	conns map[*clientConn]struct{}
	ended bool
}

// links are one client's to one member, and back.
type links struct{ to, from network.Link }

// OpenClient opens a client and waits until it is connected to a member. It lives until it is closed;
// ctx (or 30 s) bounds the opening only.
func OpenClient(ctx context.Context, endpoints []Endpoint, config ClientConfig) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open client %d: %w", config.Number, err)
	}
	c, err := newClient(endpoints, config)
	if err != nil {
		return nil, fmt.Errorf("open client %d: %w", config.Number, err)
	}
	if err := c.connect(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// newClient gives a client that connects when it is first used; one with a user was.
func newClient(endpoints []Endpoint, config ClientConfig) (*Client, error) {
	c := &Client{number: config.Number, private: config.private, endpoints: endpoints, tls: config.etcd.TLS, losses: newLosses(), conns: map[*clientConn]struct{}{}}
	var err error
	c.Etcd, err = clientv3.New(c.etcdConfig(config))
	return c, err
}

func (c *Client) etcdConfig(config ClientConfig) clientv3.Config {
	etcd := config.etcd
	etcd.Endpoints = c.urls()
	etcd.Logger = zap.NewNop()
	if etcd.DialTimeout == 0 {
		etcd.DialTimeout = dialTimeout
	}
	etcd.DialOptions = []grpc.DialOption{grpc.WithContextDialer(c.dial)}
	etcd.DialOptions = append(etcd.DialOptions, interceptors(config.Leases, c.losses)...)
	etcd.DialOptions = append(etcd.DialOptions, config.DialOptions...)
	return etcd
}

// urls are of all endpoints, beginning with another one for each client.
func (c *Client) urls() []string {
	urls := make([]string, len(c.endpoints))
	for i := range urls {
		e := c.endpoints[(c.number+i)%len(urls)]
		urls[i] = strings.TrimPrefix(e.Scheme+"://"+e.Host, "://")
	}
	return urls
}

// dial is called with the host of an endpoint.
func (c *Client) dial(ctx context.Context, host string) (net.Conn, error) {
	member := slices.IndexFunc(c.endpoints, func(e Endpoint) bool { return e.Host == host })
	if member < 0 {
		return nil, fmt.Errorf("no member at %s", host)
	}
	to, from := c.Links(member)
	conn, err := network.Dial(ctx, c.endpoints[member].Dial, to, from)
	if err != nil {
		return nil, err
	}
	return c.keep(conn)
}

func (c *Client) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	conn := c.Etcd.ActiveConnection()
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			return fmt.Errorf("connect client %d: %w (connection: %s)", c.number, ctx.Err(), state)
		}
	}
	return nil
}

// Links are the client's links to a member and back. A member that was added after the client was
// opened is not known to it: nothing runs over those links.
func (c *Client) Links(member int) (to, from *network.Link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.links) <= member {
		c.links = append(c.links, &links{})
	}
	return &c.links[member].to, &c.links[member].from
}

// Close ends the client; requests that still wait are lost. Closing again does nothing.
func (c *Client) Close() error {
	if _, first := c.end(); !first {
		return nil
	}
	return errors.Join(c.entrance.close(), c.closeEtcd())
}

// Crash ends the client as the death of its process would: its connections break at once, what waits
// in them is lost, nothing is released or revoked. There is nothing to close afterwards.
func (c *Client) Crash() error {
	conns, first := c.end()
	if !first {
		return nil
	}
	for conn := range conns {
		_ = conn.Conn.Close()
	}
	return errors.Join(c.entrance.close(), c.closeEtcd())
}

// end keeps the client from connecting again, and gives the connections that it has.
func (c *Client) end() (conns map[*clientConn]struct{}, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, false
	}
	c.ended = true
	c.losses.end()
	conns, c.conns = c.conns, nil
	return conns, true
}

func (c *Client) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

func (c *Client) closeEtcd() error {
	if err := c.Etcd.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("close client %d: %w", c.number, err)
	}
	return nil
}

// clientConn is a connection that its client's crash will break.
type clientConn struct {
	*network.Conn
	of *Client
}

func (c *Client) keep(conn *network.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, errors.Join(errEnded, conn.Close())
	}
	kept := &clientConn{Conn: conn, of: c}
	c.conns[kept] = struct{}{}
	return kept, nil
}

// Close closes the connection, and has its client forget it.
func (c *clientConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
