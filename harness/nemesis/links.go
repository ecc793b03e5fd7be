package nemesis

import (
	"slices"

	"lockquake/harness/network"
)

// everybody are all members there ever were: one that is down now may come back while harm lasts.
func (t Target) everybody() []int {
	all := make([]int, len(t.Members.Names()))
	for i := range all {
		all[i] = i
	}
	return all
}

// without are all but some.
func without(all []int, some ...int) []int {
	return slices.DeleteFunc(slices.Clone(all), func(m int) bool { return slices.Contains(some, m) })
}

// peerLinks carry what each of some members sends each of others.
func (t Target) peerLinks(from, to []int) (links []*network.Link) {
	for _, f := range from {
		for _, o := range to {
			if f != o {
				links = append(links, t.Peers.Peer(f, o))
			}
		}
	}
	return links
}

// peerLinksBetween are the links between two sets of members, both ways.
func (t Target) peerLinksBetween(a, b []int) []*network.Link {
	return append(t.peerLinks(a, b), t.peerLinks(b, a)...)
}

// clientLinks carry the victim's requests to some members, and their replies.
func (t Target) clientLinks(members []int) (requests, replies []*network.Link) {
	for _, m := range members {
		to, from := t.Clients.Links(t.Victim.Client, m)
		requests, replies = append(requests, to), append(replies, from)
	}
	return requests, replies
}
