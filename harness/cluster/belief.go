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
// a majority has its first entry. A member that does not run believes nothing.
func (c *Cluster) Believes(member int) (leader int, term uint64, running bool) {
	server := c.member(member).server()
	if server == nil {
		return -1, 0, false
	}
	return c.memberOf(server.Server.Lead()), server.Server.Term(), true
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
	for i := range c.all() {
		believed, t, _ := c.Believes(i)
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
	all := make([]string, len(c.all()))
	for i := range c.all() {
		all[i] = c.belief(i)
	}
	return strings.Join(all, ", ")
}

// belief is what a member believes, in words.
func (c *Cluster) belief(member int) string {
	name := c.member(member).name
	leader, term, running := c.Believes(member)
	switch {
	case !running:
		return name + " is down"
	case leader < 0:
		return fmt.Sprintf("%s knows no leader in term %d", name, term)
	default:
		return fmt.Sprintf("%s follows m%d in term %d", name, leader, term)
	}
}
