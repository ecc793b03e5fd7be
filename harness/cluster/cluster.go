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
	config Config
	folder *folder

	mu      sync.Mutex
	members []*member // all that ever were
	peers   map[pair]*network.Link
	clients clients

	closing  sync.Once
	closeErr error
}

// all are the members until now, in order.
func (c *Cluster) all() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members
}

func (c *Cluster) member(i int) *member { return c.all()[i] }

// Names are the members' names, in order.
func (c *Cluster) Names() []string {
	members := c.all()
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.name
	}
	return names
}

// Kill ends a member as kill -9 would: its connections break, nothing is said to its peers, its data
// stays.
func (c *Cluster) Kill(member int) error {
	m := c.member(member)
	m.life.Lock()
	defer m.life.Unlock()
	if m.server() == nil {
		return fmt.Errorf("kill %s: %w", m.name, errDown)
	}
	m.crash()
	return nil
}

// Restart starts killed members from their data, all at once, and waits until each serves a
// linearizable read: of a majority that was killed, none could do so alone. A member whose restart
// fails is down again.
func (c *Cluster) Restart(ctx context.Context, members ...int) error {
	errs := make([]error, len(members))
	var restarting sync.WaitGroup
	for i, member := range members {
		restarting.Go(func() { errs[i] = c.restart(ctx, member) })
	}
	restarting.Wait()
	return errors.Join(errs...)
}

func (c *Cluster) restart(ctx context.Context, member int) error {
	m := c.member(member)
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
	errs := []error{c.clients.close()}
	var ending sync.WaitGroup
	for _, m := range c.all() {
		ending.Go(m.end)
	}
	ending.Wait()
	for _, m := range c.all() {
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
