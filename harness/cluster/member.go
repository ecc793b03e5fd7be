package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"

	"go.etcd.io/etcd/server/v3/embed"

	"lockquake/harness/network"
)

var errDown = errors.New("the member is down")

// member is one etcd server, running or down.
type member struct {
	name         string
	peerSocket   url.URL
	clientSocket url.URL
	proxy        *network.Proxy
	log          memberLog
	config       *embed.Config

	life  sync.Mutex // held while the member is killed or restarted
	ended bool       // with the cluster

	mu    sync.Mutex
	up    bool        // may be connected to
	etcd  *embed.Etcd // nil until started, and when killed
	id    uint64      // etcd's name for it; 0 until started
	conns map[*trackedConn]struct{}
}

// start starts the server and returns when it listens, which may be before it has found its peers.
func (m *member) start() error {
	m.mu.Lock()
	m.up = true
	m.mu.Unlock()
	etcd, err := embed.StartEtcd(m.config)
	if err != nil {
		return fmt.Errorf("start %s: %w", m.name, err)
	}
	m.mu.Lock()
	m.etcd, m.id = etcd, uint64(etcd.Server.MemberID())
	m.mu.Unlock()
	return nil
}

// crash ends the server as the death of its process would: first its connections break, then it stops
// without a word to its peers.
func (m *member) crash() {
	m.mu.Lock()
	etcd, conns := m.etcd, m.conns
	m.up, m.etcd, m.conns = false, nil, map[*trackedConn]struct{}{}
	m.mu.Unlock()
	for conn := range conns {
		_ = conn.UnixConn.Close()
	}
	if etcd != nil {
		etcd.Server.HardStop()
		etcd.Close()
	}
}

// server is the running server, nil when the member is down.
func (m *member) server() *embed.Etcd {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.etcd
}

func (m *member) etcdID() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.id
}

func (m *member) dialPeer(ctx context.Context) (net.Conn, error) { return m.dial(ctx, m.peerSocket) }
func (m *member) dialClient(ctx context.Context) (net.Conn, error) {
	return m.dial(ctx, m.clientSocket)
}

// dial connects to one of the member's sockets. It holds the lock, so that a crash misses no connection.
func (m *member) dial(ctx context.Context, socket url.URL) (net.Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.up {
		return nil, fmt.Errorf("dial %s: %w", m.name, errDown)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket.Host+socket.Path)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", m.name, err)
	}
	tracked := &trackedConn{UnixConn: conn.(*net.UnixConn), of: m}
	m.conns[tracked] = struct{}{}
	return tracked, nil
}

// trackedConn is a connection that its member's crash will break.
type trackedConn struct {
	*net.UnixConn
	of *member
}

func (t *trackedConn) Close() error {
	t.of.mu.Lock()
	delete(t.of.conns, t)
	t.of.mu.Unlock()
	return t.UnixConn.Close()
}
