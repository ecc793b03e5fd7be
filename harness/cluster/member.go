package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
)

var (
	errDown    = errors.New("the member is down")
	errClosed  = errors.New("the cluster was closed")
	errBusy    = errors.New("it is being killed or restarted")
	errRemoved = errors.New("the member was removed")
)

// member is one of a cluster's, running or down.
type member struct {
	number  int
	name    string
	proxy   gateway // nil: it was not finished
	log     memberLog
	spec    spec
	peer    string // the sockets that it listens on; none on a ground
	client  string
	cluster *Cluster

	life  turn // held while the member is killed or restarted
	ended bool // for good

	mu      sync.Mutex
	removed bool
	learner bool
	up      bool   // may be connected to
	running Server // nil until started, and when killed
	id      uint64 // etcd's name for it; 0 until known
	conns   map[*trackedConn]struct{}
}

// start starts the server and returns when it answers its peers, which may be before it has found them.
func (m *member) start(ctx context.Context) error {
	m.mu.Lock()
	m.up = true
	m.mu.Unlock()
	server, err := m.cluster.launch(ctx, m)
	if err != nil {
		return fmt.Errorf("start %s: %w", m.name, err)
	}
	m.mu.Lock()
	m.running = server
	m.mu.Unlock()
	return nil
}

// crash ends the server as the death of its process would: first its connections break, those that it
// made, too, then it stops without a word to its peers. One in this process would wait for answers else:
// a leader asks its peers for their versions, and for 5 s, stopped or not.
func (m *member) crash() {
	m.mu.Lock()
	server, conns := m.running, m.conns
	m.up, m.running, m.conns = false, nil, map[*trackedConn]struct{}{}
	m.mu.Unlock()
	for conn := range conns {
		_ = conn.Conn.Close()
	}
	m.cluster.disconnect(m)
	if server != nil {
		server.Kill()
	}
}

// runs gives the server, or why there is none.
func (m *member) runs() (Server, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.removed:
		return nil, errRemoved
	case m.running == nil:
		return nil, errDown
	default:
		return m.running, m.running.Ended()
	}
}

func (m *member) etcdID() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.id
}

func (m *member) isRemoved() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.removed
}

func (m *member) isUp() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.up
}

func (m *member) isLearner() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.learner
}

// set changes what is known of the member.
func (m *member) set(change func(*member)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

func (m *member) dialPeer(ctx context.Context) (net.Conn, error) { return m.dial(ctx, ForPeers) }

func (m *member) dialClient(ctx context.Context) (net.Conn, error) {
	if ground := m.cluster.config.Ground; ground != nil {
		ground.Travel(ctx)
	}
	return m.dial(ctx, ForClients)
}

// dial connects to one of the member's doors. It holds the lock, so that a crash misses no connection.
func (m *member) dial(ctx context.Context, door Door) (net.Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.up {
		return nil, fmt.Errorf("dial %s: %w", m.name, errDown)
	}
	conn, err := m.reach(ctx, door)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", m.name, err)
	}
	tracked := &trackedConn{Conn: conn, of: m}
	m.conns[tracked] = struct{}{}
	return tracked, nil
}

func (m *member) reach(ctx context.Context, door Door) (net.Conn, error) {
	if ground := m.cluster.config.Ground; ground != nil {
		return ground.Dial(ctx, m.number, door)
	}
	socket := m.client
	if door == ForPeers {
		socket = m.peer
	}
	return new(net.Dialer).DialContext(ctx, "unix", socket)
}

// removeSockets removes what a killed process has left of its sockets where they are files: not every etcd
// does that itself.
func (m *member) removeSockets() {
	for _, path := range []string{m.peer, m.client} {
		if filepath.IsAbs(path) {
			_ = os.Remove(path)
		}
	}
}

// trackedConn is a connection that its member's crash will break.
type trackedConn struct {
	net.Conn
	of *member
}

func (t *trackedConn) Close() error {
	t.of.mu.Lock()
	delete(t.of.conns, t)
	t.of.mu.Unlock()
	return t.Conn.Close()
}

// CloseWrite ends what is sent, and goes on to receive.
func (t *trackedConn) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return t.Close()
}
