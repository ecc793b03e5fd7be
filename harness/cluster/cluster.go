package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"lockquake/harness/network"
)

// Cluster is a running cluster. Its methods may be called from any goroutine; members are counted
// from 0.
type Cluster struct {
	config  Config
	folder  *folder
	members []*member
	peers   [][]network.Link // [from][to]

	mu      sync.Mutex
	clients map[*Client]struct{}

	closing  sync.Once
	closeErr error
}

// Names are the members' names, in order.
func (c *Cluster) Names() []string {
	names := make([]string, len(c.members))
	for i, m := range c.members {
		names[i] = m.name
	}
	return names
}

// Kill ends a member as kill -9 would: its connections break, nothing is said to its peers, its data
// stays.
func (c *Cluster) Kill(member int) error {
	m := c.members[member]
	m.life.Lock()
	defer m.life.Unlock()
	if m.server() == nil {
		return fmt.Errorf("kill %s: %w", m.name, errDown)
	}
	m.crash()
	return nil
}

// Restart starts a killed member from its data and waits until it serves a linearizable read. After
// an error it is down again.
func (c *Cluster) Restart(ctx context.Context, member int) error {
	m := c.members[member]
	m.life.Lock()
	defer m.life.Unlock()
	if m.ended || m.server() != nil {
		return fmt.Errorf("restart %s: it was not killed", m.name)
	}
	if err := m.start(); err != nil {
		m.crash()
		return err
	}
	if err := c.serves(ctx, member); err != nil {
		m.crash()
		return fmt.Errorf("restart %s: %w", m.name, err)
	}
	return nil
}

// Close ends all clients and members, whatever state they and the links are in. Nothing is left of
// the cluster but its logs.
func (c *Cluster) Close() error {
	c.closing.Do(func() { c.closeErr = c.close() })
	return c.closeErr
}

func (c *Cluster) close() error {
	errs := []error{c.closeClients()}
	var ending sync.WaitGroup
	for _, m := range c.members {
		ending.Go(m.end)
	}
	ending.Wait()
	for _, m := range c.members {
		errs = append(errs, m.closeRest())
	}
	return errors.Join(append(errs, c.folder.remove())...)
}

// end is for good. It crashes a member that is just being restarted, too, and then what that restart
// may have started.
func (m *member) end() {
	m.crash()
	m.life.Lock()
	defer m.life.Unlock()
	m.crash()
	m.ended = true
}

// closeRest also closes a member that was never finished.
func (m *member) closeRest() error {
	if m.proxy == nil {
		return m.log.close()
	}
	return errors.Join(m.proxy.Close(), m.log.close())
}
