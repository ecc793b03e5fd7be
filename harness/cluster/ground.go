package cluster

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"lockquake/harness/network"
)

// Ground is where members run that use no sockets of this machine. All else that a cluster does, it does
// there, too.
type Ground interface {
	// Address is how peers name a member, host:port of this machine where nobody listens.
	Address(member int) string
	// Launch starts a server of a member, which may have run before. It returns when peers and clients can reach it,
	// which may be before it has found its peers.
	Launch(Tenant) (Server, error)
	// Travel lets the time pass that a call takes, be it answered or refused: whoever calls again as soon as he was refused,
	// as etcd does, would never stop if that took none.
	Travel(context.Context)
	// Dial reaches the server that a member runs now. It takes no time: who calls it holds a lock.
	Dial(ctx context.Context, member int, door Door) (net.Conn, error)
}

// Tenant is a member that is to run on a Ground.
type Tenant struct {
	Member int
	// Config says all but where to listen.
	Config *embed.Config
	Log    *zap.Logger
	// Dial reaches a peer by its address, over the link to it.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Door is one of the two that a member has.
type Door int

// Doors.
const (
	ForPeers Door = iota
	ForClients
)

// gateway is what stands between a member and its peers: a network.Proxy, or the street to it on a Ground.
type gateway interface {
	Addr() string
	// Open lets peers through.
	Open()
	// Disconnect ends the connections that a source has made.
	Disconnect(source string)
	Close() error
}

// street leads to a member of a cluster that has a Ground.
type street struct {
	to     *member
	addr   string
	opened atomic.Bool

	mu     sync.Mutex
	closed bool
	made   map[*streetConn]struct{}
}

func newStreet(to *member, addr string) *street {
	return &street{to: to, addr: addr, made: map[*streetConn]struct{}{}}
}

func (p *street) Addr() string { return p.addr }
func (p *street) Open()        { p.opened.Store(true) }

// dial takes a connection from a peer over the two links between them.
func (p *street) dial(ctx context.Context, from *member) (net.Conn, error) {
	if !p.opened.Load() {
		return nil, fmt.Errorf("dial %s, which has not started: %w", p.to.name, syscall.ECONNREFUSED)
	}
	c := p.to.cluster
	conn, err := network.Dial(ctx, p.to.dialPeer, c.Peer(from.number, p.to.number), c.Peer(p.to.number, from.number))
	if err != nil {
		return nil, err
	}
	made := &streetConn{Conn: conn, of: p, source: from.spec.Source}
	p.mu.Lock()
	p.made[made] = struct{}{}
	missed := p.closed || !from.isUp() // whoever ends connections has not seen this one
	p.mu.Unlock()
	if missed {
		_ = made.Close()
		return nil, fmt.Errorf("dial %s: %w", p.to.name, errDown)
	}
	return made, nil
}

func (p *street) Disconnect(source string) {
	for _, conn := range p.all() {
		if conn.source == source {
			_ = conn.Close()
		}
	}
}

func (p *street) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for _, conn := range p.all() {
		_ = conn.Close()
	}
	return nil
}

func (p *street) all() []*streetConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*streetConn, 0, len(p.made))
	for conn := range p.made {
		all = append(all, conn)
	}
	return all
}

// streetConn is a connection that the death of either member breaks.
type streetConn struct {
	*network.Conn
	of     *street
	source string
}

// Close closes the connection, and has the street forget it.
func (c *streetConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.made, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// tenant is a member as its ground knows it.
func (m *member) tenant() Tenant {
	log := m.log.logger()
	return Tenant{Member: m.number, Config: m.spec.embedConfig(log), Log: log, Dial: m.dialPeerAt}
}

// dialPeerAt reaches the peer with an address.
func (m *member) dialPeerAt(ctx context.Context, address string) (net.Conn, error) {
	m.cluster.config.Ground.Travel(ctx)
	for _, other := range m.cluster.all() {
		if to, ok := other.proxy.(*street); ok && to.addr == address {
			return to.dial(ctx, m)
		}
	}
	return nil, fmt.Errorf("dial %s: no member is there: %w", address, syscall.ECONNREFUSED)
}
