package virtual

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"lockquake/harness/cluster"
)

// Defaults of raft's times, six times those of other kinds: an hour of heartbeats costs a sixth. Leases are as short
// as elsewhere.
const (
	Tick     = 60 * time.Millisecond
	Election = 600 * time.Millisecond
)

// Start starts a cluster within virtual time, as cluster.Start does elsewhere. The context must come from In.
func Start(ctx context.Context, config cluster.Config) (*cluster.Cluster, error) {
	if ctx.Value(inside{}) == nil {
		return nil, errors.New("start a cluster in virtual time: the context does not come from it: call within virtual.In")
	}
	if err := Check(); err != nil {
		return nil, err
	}
	if config.Tick == 0 {
		config.Tick, config.Election = Tick, Election
	}
	config.Ground = newGround()
	return cluster.Start(ctx, config)
}

// ground is where members listen in memory.
type ground struct {
	host  string // of all addresses
	mu    sync.Mutex
	doors map[place]*listener // of the servers that run now
	made  uint64              // calls so far, and connections
}

// place is where a member is reached.
type place struct {
	member int
	door   cluster.Door
}

// newGround draws a host of the loopback network that no other cluster has, in whatever process.
func newGround() *ground {
	draw := rand.Uint32()
	host := fmt.Sprintf("127.%d.%d.%d", 64|draw>>16&63, draw>>8&255, 1+draw&127)
	return &ground{host: host, doors: map[place]*listener{}}
}

// Address is where nobody listens: etcd really asks peers there, once, before it can be given another way to them, and
// is to be refused.
func (g *ground) Address(member int) string {
	return net.JoinHostPort(g.host, strconv.Itoa(firstPort+member))
}

// firstPort is member 0's. Anybody may listen there, and nobody gets such a port who asks for any.
const firstPort = 10_000

// Launch starts a server.
func (g *ground) Launch(tenant cluster.Tenant) (cluster.Server, error) {
	peers, clients := listen(addr(tenant.Config.Name+":peers")), listen(addr(tenant.Config.Name+":clients"))
	g.listen(tenant.Member, peers, clients)
	s, err := start(tenant, peers, clients)
	if err != nil {
		_, _ = peers.Close(), clients.Close()
		return nil, err
	}
	return s, nil
}

func (g *ground) listen(member int, peers, clients *listener) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.doors[place{member, cluster.ForPeers}] = peers
	g.doors[place{member, cluster.ForClients}] = clients
}

// Travel takes what a call and its answer take on a good network.
func (g *ground) Travel(ctx context.Context) {
	g.mu.Lock()
	g.made++
	takes := 2 * latency(calls, g.made)
	g.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
	}
}

// calls is the stream whose latencies calls have; no connection's is.
const calls = 0

// Dial reaches the server that a member runs now.
func (g *ground) Dial(ctx context.Context, member int, door cluster.Door) (net.Conn, error) {
	g.mu.Lock()
	g.made++
	number, at := g.made, g.doors[place{member, door}]
	g.mu.Unlock()
	if at == nil {
		return nil, fmt.Errorf("dial m%d: %w", member, syscall.ECONNREFUSED)
	}
	return at.dial(ctx, number)
}
