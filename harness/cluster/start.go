package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"golang.org/x/sync/errgroup"

	"lockquake/harness/network"
)

// sourceSuffix makes a member's name the SNI of its outgoing peer connections: a name with a dot in
// it is sent as it is.
const sourceSuffix = ".src"

// walSegment replaces etcd's 64 MB, of which each member preallocates two.
const walSegment = 1 << 20

// smallSegments guards the setting of wal.SegmentSizeBytes. That is a global of etcd's, which every
// server in the process reads whenever it cuts a segment: it can be set only before the first starts, and
// never set back.
var smallSegments sync.Once

// Start starts a cluster and returns when every member has served a linearizable read. If it fails,
// or ctx ends first, nothing is left of it.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	smallSegments.Do(func() { wal.SegmentSizeBytes = walSegment })
	sweep()
	folder, err := newFolder()
	if err != nil {
		return nil, err
	}
	c := &Cluster{config: config, folder: folder, peers: map[pair]*network.Link{}}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster: %w", err), c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.prepare(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.startMembers(); err != nil {
		return err
	}
	return c.Healthy(ctx)
}

// prepare makes all that the members need, and the links between them.
func (c *Cluster) prepare() error {
	certificate, err := network.ThrowawayCertificate()
	if err != nil {
		return err
	}
	for i := range c.config.Members {
		m, err := newMember(fmt.Sprintf("m%d", i), c.folder.path, c.config.Dir)
		if err != nil {
			return err
		}
		c.members = append(c.members, m)
		if m.proxy, err = network.NewProxy(c.route(i, certificate)); err != nil {
			return err
		}
	}
	for _, m := range c.all() {
		m.config = c.embedConfig(m)
	}
	return nil
}

func newMember(name, folder, logs string) (*member, error) {
	peer, err := socketURL(folder, "p"+name)
	if err != nil {
		return nil, err
	}
	client, err := socketURL(folder, "c"+name)
	if err != nil {
		return nil, err
	}
	log, err := newMemberLog(logs, name)
	if err != nil {
		return nil, err
	}
	return &member{name: name, peerSocket: peer, clientSocket: client, log: log, conns: map[*trackedConn]struct{}{}}, nil
}

// startMembers starts all members at once. The gates stay shut until all listen: a bootstrap probe
// that reaches a peer too early waits out its time, one that is refused does not.
func (c *Cluster) startMembers() error {
	var starting errgroup.Group
	for _, m := range c.all() {
		starting.Go(m.start)
	}
	if err := starting.Wait(); err != nil {
		return err
	}
	for _, m := range c.all() {
		m.proxy.Open()
	}
	return nil
}

func (c *Cluster) embedConfig(m *member) *embed.Config {
	config := embed.NewConfig()
	config.Name = m.name
	config.Dir = filepath.Join(c.folder.path, m.name)
	config.ListenPeerUrls = []url.URL{m.peerSocket}
	config.ListenClientUrls = []url.URL{m.clientSocket}
	config.AdvertisePeerUrls = []url.URL{m.peerURL()}
	config.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: endpointHost(m.name)}}
	config.InitialCluster = c.initialCluster()
	config.InitialClusterToken = filepath.Base(c.folder.path)
	config.PeerTLSInfo.ServerName = m.name + sourceSuffix
	config.PeerTLSInfo.InsecureSkipVerify = true
	config.TickMs = uint(c.config.Tick / time.Millisecond)
	config.ElectionMs = uint(c.config.Election / time.Millisecond)
	config.UnsafeNoFsync = true
	config.EnableGRPCGateway = false
	config.StrictReconfigCheck = false
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(m.log.logger)
	return config
}

func (m *member) peerURL() url.URL { return url.URL{Scheme: "https", Host: m.proxy.Addr()} }

func (c *Cluster) initialCluster() string {
	var pairs []string
	for _, m := range c.all() {
		peer := m.peerURL()
		pairs = append(pairs, m.name+"="+peer.String())
	}
	return strings.Join(pairs, ",")
}
