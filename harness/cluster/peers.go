package cluster

import (
	"crypto/tls"
	"slices"
	"strings"

	"lockquake/harness/network"
)

// pair is a directed one.
type pair struct{ from, to int }

// Peer is the link for what one member sends another, whichever of them dialed.
func (c *Cluster) Peer(from, to int) *network.Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	link, ok := c.peers[pair{from, to}]
	if !ok {
		link = new(network.Link)
		c.peers[pair{from, to}] = link
	}
	return link
}

// route is the way to a member for its peers.
func (c *Cluster) route(to *member, certificate tls.Certificate) network.Route {
	links := func(source string) (out, in *network.Link) {
		name, ours := strings.CutSuffix(source, sourceSuffix)
		from := c.index(name)
		if !ours || from < 0 || !c.member(from).isUp() {
			return nil, nil
		}
		return c.Peer(from, to.number), c.Peer(to.number, from)
	}
	return network.Route{Certificate: certificate, Dial: to.dialPeer, Links: links}
}

// disconnect breaks the connections that a member has made to its peers.
func (c *Cluster) disconnect(m *member) {
	for _, other := range c.all() {
		other.proxy.Disconnect(m.spec.Source)
	}
}

// index is the number of a member's name, -1 for an unknown one.
func (c *Cluster) index(name string) int {
	return slices.IndexFunc(c.all(), func(m *member) bool { return m.name == name })
}
