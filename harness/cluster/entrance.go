package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"lockquake/harness/network"
)

// Endpoints are addresses, host:port, by which a process of its own reaches the members that the client knows: it
// speaks gRPC, or HTTP with JSON to etcd's gateway, both without TLS, and what it sends and receives passes the
// client's links. With a member that wants TLS it is spoken for as the client would: by its certificate, though not
// by its user and password. The addresses are there from the first call on, until the client is closed or crashes.
func (c *Client) Endpoints(context.Context) ([]string, error) {
	if c.private {
		return nil, fmt.Errorf("open client %d to other processes: %w", c.number, errPrivate)
	}
	addresses, err := c.entrance.open(len(c.endpoints), c.passage)
	if err != nil {
		return nil, fmt.Errorf("open client %d to other processes: %w", c.number, err)
	}
	first := c.number % len(addresses)
	return append(addresses[first:], addresses[:first]...), nil
}

func (c *Client) passage(member int) network.Passage {
	to, from := c.Links(member)
	p := network.Passage{Dial: c.endpoints[member].Dial, Out: to, In: from}
	if config, yes := secure(c.endpoints[member], c.tls); yes {
		p.TLS = config
	}
	return p
}

var errPrivate = errors.New("its members run in virtual time, where no other process can reach them")

// entrance is a client's, for other processes.
type entrance struct {
	mu      sync.Mutex
	entries []*network.Entry // by member, when they were asked for
	closed  bool
}

// open gives the addresses of the entries, one for each member.
func (e *entrance) open(members int, passage func(member int) network.Passage) (addresses []string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errEnded
	}
	for i := len(e.entries); i < members; i++ {
		entry, err := network.NewEntry(passage(i))
		if err != nil {
			return nil, err
		}
		e.entries = append(e.entries, entry)
	}
	for _, entry := range e.entries {
		addresses = append(addresses, entry.Addr())
	}
	return addresses, nil
}

// close breaks all connections.
func (e *entrance) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	var errs []error
	for _, entry := range e.entries {
		errs = append(errs, entry.Close())
	}
	e.entries = nil
	return errors.Join(errs...)
}
