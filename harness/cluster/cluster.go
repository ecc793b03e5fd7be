package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"lockquake/harness/network"
)

// Cluster is a running cluster. Its methods may be called from any goroutine; members are counted
// from 0.
type Cluster struct {
	config    Config
	folder    *folder
	authority *network.Authority
	binary    *binary  // what members' processes run; nil: this executable
	spawner   *Spawner // nil: members run in this process

	life context.Context // ends with the cluster; a field because Close must end what starts and waits
	end  context.CancelFunc

	changing turn // held while members are added, promoted or removed

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

// current are the members that were not removed.
func (c *Cluster) current() []*member {
	return slices.DeleteFunc(slices.Clone(c.all()), (*member).isRemoved)
}

// Kill ends a member as kill -9 would: its connections break, nothing is said to its peers, its data
// stays.
func (c *Cluster) Kill(member int) error {
	m := c.member(member)
	if !m.life.TryLock() { // its restart may wait for those who are to be killed next
		return fmt.Errorf("kill %s: %w", m.name, errBusy)
	}
	defer m.life.Unlock()
	if _, err := m.runs(); err != nil {
		return fmt.Errorf("kill %s: %w", m.name, err)
	}
	m.crash()
	return nil
}

// PauseMember stops a member's process where it is, and returns when it stands still. The kernel goes
// on to accept its connections. A member in this process cannot be stopped.
func (c *Cluster) PauseMember(member int) error {
	return c.signal(member, "pause", Server.Pause)
}

// ResumeMember lets a paused member go on, and returns when it does. One that was killed or removed
// meanwhile stands still no more.
func (c *Cluster) ResumeMember(member int) error {
	err := c.signal(member, "resume", Server.Resume)
	if errors.Is(err, errDown) || errors.Is(err, errRemoved) {
		return nil
	}
	return err
}

func (c *Cluster) signal(member int, what string, send func(Server) error) error {
	m := c.member(member)
	m.life.Lock()
	defer m.life.Unlock()
	server, err := m.runs()
	if err == nil {
		err = send(server)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, m.name, err)
	}
	return nil
}

// Restart starts killed members from their data, all at once, and waits until each serves a
// linearizable read: of a majority that was killed, none could do so alone. A member whose restart
// fails is down again; one that was removed meanwhile needs none.
func (c *Cluster) Restart(ctx context.Context, members ...int) error {
	errs := make([]error, len(members))
	var restarting sync.WaitGroup
	for i, member := range members {
		restarting.Go(func() { errs[i] = c.restart(ctx, c.member(member)) })
	}
	restarting.Wait()
	return errors.Join(errs...)
}

func (c *Cluster) restart(ctx context.Context, m *member) error {
	m.life.Lock()
	defer m.life.Unlock()
	if m.isRemoved() {
		return nil
	}
	if _, err := m.runs(); m.ended || !errors.Is(err, errDown) {
		return fmt.Errorf("restart %s: it was not killed", m.name)
	}
	if err := c.bringUp(ctx, m); err != nil && !m.isRemoved() {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// bringUp starts a member and waits until it serves; if it does not, the member is down. The caller
// holds its life.
func (c *Cluster) bringUp(ctx context.Context, m *member) error {
	ctx, cancel := c.during(ctx, readyTime)
	defer cancel()
	err := m.start(ctx)
	if err == nil {
		err = c.serves(ctx, m)
	}
	if err != nil {
		m.crash()
	}
	return err
}

// during is a context that ends with another, after a while, or with the cluster.
func (c *Cluster) during(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(c.life, cancel)
	return ctx, func() { stop(); cancel() }
}

// Close ends all clients and members, whatever state they and the links are in. Nothing is left of
// the cluster but its logs.
func (c *Cluster) Close() error {
	c.closing.Do(func() { c.closeErr = c.close() })
	return c.closeErr
}

func (c *Cluster) close() error {
	c.end()
	c.changing.Lock()
	defer c.changing.Unlock()
	errs := []error{c.clients.close()}
	var ending sync.WaitGroup
	for _, m := range c.all() {
		ending.Go(m.end)
	}
	ending.Wait()
	for _, m := range c.all() {
		errs = append(errs, m.closeRest())
	}
	if c.spawner != nil {
		c.spawner.Close()
	}
	return errors.Join(append(errs, c.folder.remove())...)
}

// end is for good. It crashes a member that is just being started, too, and then what that may have
// started.
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
