package cluster

import (
	"crypto/tls"
	"slices"
	"strings"

	"lockquake/harness/network"
)

// Peer is the link for what one member sends another, whichever of them dialed.
func (c *Cluster) Peer(from, to int) *network.Link { return &c.peers[from][to] }

// HoldPeers holds all links from and to a member.
func (c *Cluster) HoldPeers(member int) { c.setPeers(member, network.Rule{Held: true}) }

// PassPeers lets all links from and to a member pass again, and tells how many bytes had to wait.
func (c *Cluster) PassPeers(member int) (heldBytes int64) {
	return c.setPeers(member, network.Rule{})
}

func (c *Cluster) setPeers(member int, rule network.Rule) (heldBytes int64) {
	for other := range c.members {
		if other != member {
			heldBytes += c.Peer(member, other).Set(rule) + c.Peer(other, member).Set(rule)
		}
	}
	return heldBytes
}

// route is the way to a member for its peers.
func (c *Cluster) route(to int, certificate tls.Certificate) network.Route {
	links := func(source string) (out, in *network.Link) {
		name, ours := strings.CutSuffix(source, sourceSuffix)
		from := c.index(name)
		if !ours || from < 0 {
			return nil, nil
		}
		return c.Peer(from, to), c.Peer(to, from)
	}
	return network.Route{Certificate: certificate, Dial: c.members[to].dialPeer, Links: links}
}

// index is the number of a member's name, -1 for an unknown one.
func (c *Cluster) index(name string) int {
	return slices.IndexFunc(c.members, func(m *member) bool { return m.name == name })
}
