package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"lockquake/harness/network"
)

// sourceSuffix makes a member's name the SNI of its outgoing peer connections: a name with a dot in
// it is sent as it is.
const sourceSuffix = ".src"

// Start starts a cluster and returns when every member has served a linearizable read. If it fails,
// or ctx ends first, nothing is left of it.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	c, err := newCluster(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster: %w", err), c.Close())
	}
	return c, nil
}

// newCluster makes a cluster without members.
func newCluster(ctx context.Context, config Config) (*Cluster, error) {
	if _, member := os.LookupEnv(specVariable); member {
		return nil, errNotServed
	}
	c := &Cluster{config: config, changing: newTurn(), peers: map[pair]*network.Link{}}
	var err error
	if config.EtcdPath != "" {
		if c.binary, err = newBinary(ctx, config.EtcdPath); err != nil {
			return nil, err
		}
	}
	if c.authority, err = network.NewAuthority(); err != nil {
		return nil, err
	}
	sweep()
	if c.folder, err = newFolder(config.Data); err != nil {
		return nil, err
	}
	c.life, c.end = context.WithCancel(context.Background())
	if config.Process {
		c.spawner = NewSpawner()
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	for range c.config.Members {
		if _, err := c.newMember(); err != nil {
			return err
		}
	}
	members := c.all()
	for _, m := range members {
		m.spec.Cluster = initialCluster(members)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := startAll(ctx, members); err != nil {
		return err
	}
	return c.Healthy(ctx)
}

// startAll starts members at once. The gates stay shut until all listen: a bootstrap probe that
// reaches a peer too early waits out its time, one that is refused does not.
func startAll(ctx context.Context, members []*member) error {
	starting, ctx := errgroup.WithContext(ctx)
	for _, m := range members {
		starting.Go(func() error { return m.start(ctx) })
	}
	if err := starting.Wait(); err != nil {
		return err
	}
	for _, m := range members {
		m.proxy.Open()
	}
	return nil
}

// newMember makes a member with a number of its own, and all that it needs to be started but the
// names of the others.
func (c *Cluster) newMember() (*member, error) {
	number := len(c.all())
	m := &member{cluster: c, number: number, name: fmt.Sprintf("m%d", number), life: newTurn(), conns: map[*trackedConn]struct{}{}}
	if err := c.equip(m); err != nil {
		return nil, errors.Join(err, m.closeRest())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, m)
	return m, nil
}

// equip gives a member its log, its proxy and its sockets.
func (c *Cluster) equip(m *member) error {
	var err error
	if m.log, err = newMemberLog(c.logFolder(), m.name); err != nil {
		return err
	}
	if c.config.Ground != nil {
		m.proxy = newStreet(m, c.config.Ground.Address(m.number))
		m.spec = c.specOf(m)
		return nil
	}
	if m.proxy, err = c.newProxy(m); err != nil {
		return err
	}
	m.spec = c.specOf(m)
	return c.giveSockets(m)
}

func (c *Cluster) newProxy(m *member) (gateway, error) {
	certificate, err := c.authority.Certificate(m.name)
	if err != nil {
		return nil, err
	}
	proxy, err := network.NewProxy(c.route(m, certificate))
	if err != nil {
		return nil, err
	}
	return proxy, nil
}

// logFolder is where the members' logs go. A process that dies without a word is hard to understand: its
// log is kept as long as the cluster if nobody wants it longer.
func (c *Cluster) logFolder() string {
	if c.config.Dir == "" && c.config.Process {
		return c.folder.path
	}
	return c.config.Dir
}

func (c *Cluster) specOf(m *member) spec {
	return spec{
		Name:     m.name,
		Source:   m.name + sourceSuffix,
		Folder:   filepath.Join(c.folder.path, m.name),
		PeerURL:  url.URL{Scheme: c.peerScheme(), Host: m.proxy.Addr()},
		Token:    filepath.Base(c.folder.path),
		Tick:     c.config.Tick,
		Election: c.config.Election,
		Fsync:    c.config.Fsync,
	}
}

// peerScheme is without TLS on a ground, which knows a source without it.
func (c *Cluster) peerScheme() string {
	if c.config.Ground != nil {
		return "http"
	}
	return "https"
}

func (c *Cluster) giveSockets(m *member) error {
	if c.binary != nil {
		return c.binary.equip(m, c.authority)
	}
	var err error
	if m.spec.PeerSocket, err = socketURL(c.folder.path, "p"+m.name); err != nil {
		return err
	}
	m.spec.ClientSocket, err = socketURL(c.folder.path, "c"+m.name)
	m.peer, m.client = socketPath(m.spec.PeerSocket), socketPath(m.spec.ClientSocket)
	return err
}

func socketPath(socket url.URL) string { return socket.Host + socket.Path }

func initialCluster(members []*member) string {
	pairs := make([]string, len(members))
	for i, m := range members {
		pairs[i] = m.name + "=" + m.spec.PeerURL.String()
	}
	return strings.Join(pairs, ",")
}

// launch starts a member's server in the form that the cluster's members have.
func (c *Cluster) launch(ctx context.Context, m *member) (Server, error) {
	if c.config.Ground != nil {
		keepSegmentsSmall()
		return c.config.Ground.Launch(m.tenant())
	}
	if !c.config.Process {
		return startEmbedded(m.spec, m.log.logger())
	}
	return c.startProcess(ctx, m)
}
