package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Believes tells whom a member believes to lead, -1 for nobody, and the term of the last entry that
// it has applied: etcd tells no other, so a new leader shows its own term some milliseconds late, when
// a majority has its first entry. A member that is killed, paused or removed does not run, and believes
// nothing. In a process of its own it answers what it believed at most a tick ago, and believes nothing if
// it does not answer within 0.2 s.
func (c *Cluster) Believes(member int) (leader int, term uint64, running bool) {
	return c.believes(c.member(member))
}

func (c *Cluster) believes(m *member) (leader int, term uint64, running bool) {
	server, err := m.runs()
	if err != nil {
		return -1, 0, false
	}
	id, term, running := server.Believes()
	return c.memberOf(id), term, running
}

// memberOf is the number of the member with an id of etcd's, running or not; -1 for 0, etcd's nobody.
func (c *Cluster) memberOf(id uint64) int {
	if id == 0 {
		return -1
	}
	return slices.IndexFunc(c.all(), func(m *member) bool { return m.etcdID() == id })
}

// Leader waits until a member says of itself that it leads, and names the one with the highest term:
// an isolated leader may go on believing for a while. If ctx (or 30 s) ends first, the error tells what
// each member believed.
func (c *Cluster) Leader(ctx context.Context) (member int, term uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		if member, term = c.leader(); member >= 0 {
			return member, term, nil
		}
		select {
		case <-ctx.Done():
			return -1, 0, fmt.Errorf("no member leads: %w (%s)", ctx.Err(), c.beliefs())
		case <-time.After(c.config.Tick):
		}
	}
}

// leader is -1 also when two members lead in the same term: one of them shows its own term soon.
func (c *Cluster) leader() (member int, term uint64) {
	member = -1
	for i, m := range c.all() {
		believed, t, _ := c.believes(m)
		switch {
		case believed != i || t < term:
		case t == term:
			member = -1
		default:
			member, term = i, t
		}
	}
	return member, term
}

func (c *Cluster) beliefs() string {
	members := c.current()
	all := make([]string, len(members))
	for i, m := range members {
		all[i] = c.belief(m)
	}
	return strings.Join(all, ", ")
}

// belief is what a member believes, in words.
func (c *Cluster) belief(m *member) string {
	leader, term, running := c.believes(m)
	switch {
	case !running:
		return m.name + " does not run"
	case leader < 0:
		return fmt.Sprintf("%s knows no leader in term %d", m.name, term)
	default:
		return fmt.Sprintf("%s follows m%d in term %d", m.name, leader, term)
	}
}
