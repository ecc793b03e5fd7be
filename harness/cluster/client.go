package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// ClientConfig describes a client.
type ClientConfig struct {
	Number      int               // rotates the order of the members that it knows
	Leases      LeaseObserver     // what it is told of the client's leases
	DialOptions []grpc.DialOption // interceptors and the like; they see each try of a request
}

// Client is a clientv3.Client of all members, with a link of its own to and from each.
type Client struct {
	Etcd *clientv3.Client

	cluster *Cluster
	number  int

	mu    sync.Mutex
	links []*links // by member; grows when asked for more
}

// links are one client's to one member, and back.
type links struct{ to, from network.Link }

// Client opens a client and waits until it is connected to a member. It lives until it is closed, or
// the cluster is; ctx (or 30 s) bounds the opening only.
func (c *Cluster) Client(ctx context.Context, config ClientConfig) (*Client, error) {
	client := &Client{cluster: c, number: config.Number}
	var err error
	if err = ctx.Err(); err != nil {
		return nil, fmt.Errorf("open client %d: %w", config.Number, err)
	}
	if client.Etcd, err = clientv3.New(client.etcdConfig(config)); err != nil {
		return nil, fmt.Errorf("open client %d: %w", config.Number, err)
	}
	if err := client.connect(ctx); err != nil {
		return nil, errors.Join(err, client.Etcd.Close())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients[client] = struct{}{}
	return client, nil
}

func (c *Client) etcdConfig(config ClientConfig) clientv3.Config {
	options := []grpc.DialOption{grpc.WithContextDialer(c.dial)}
	options = append(options, config.Leases.interceptors()...)
	return clientv3.Config{
		Endpoints:   c.endpoints(),
		DialTimeout: dialTimeout,
		DialOptions: append(options, config.DialOptions...),
		Logger:      zap.NewNop(),
	}
}

// endpoints names all members, beginning with another one for each client.
func (c *Client) endpoints() []string {
	members := c.cluster.members
	endpoints := make([]string, len(members))
	for i := range members {
		endpoints[i] = "http://" + endpointHost(members[(c.number+i)%len(members)].name)
	}
	return endpoints
}

// endpointHost is how clients name a member; nothing listens there, dial knows better.
func endpointHost(name string) string { return name + ":1" }

func (c *Client) dial(ctx context.Context, address string) (net.Conn, error) {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	member := c.cluster.index(name)
	if member < 0 {
		return nil, fmt.Errorf("no member %s", name)
	}
	to, from := c.Links(member)
	return network.Dial(ctx, c.cluster.members[member].dialClient, to, from)
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
	c.cluster.mu.Lock()
	_, open := c.cluster.clients[c]
	delete(c.cluster.clients, c)
	c.cluster.mu.Unlock()
	if !open {
		return nil
	}
	if err := c.Etcd.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("close client %d: %w", c.number, err)
	}
	return nil
}

func (c *Cluster) closeClients() error {
	c.mu.Lock()
	open := make([]*Client, 0, len(c.clients))
	for client := range c.clients {
		open = append(open, client)
	}
	c.mu.Unlock()
	errs := make([]error, len(open))
	for i, client := range open {
		errs[i] = client.Close()
	}
	return errors.Join(errs...)
}
