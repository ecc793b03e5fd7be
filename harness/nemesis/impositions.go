package nemesis

import "lockquake/harness/network"

// impositions are the rules that an injection has put on links.
type impositions []*network.Imposed

func (all *impositions) impose(r network.Rule, links []*network.Link) {
	for _, l := range links {
		*all = append(*all, l.Impose(r))
	}
}

// lift takes them all back, and sums up what they did.
func (all impositions) lift() (toll network.Toll) {
	for _, i := range all {
		did := i.Lift()
		toll.Held += did.Held
		toll.Lost += did.Lost
		toll.Delayed += did.Delayed
		toll.Resets += did.Resets
	}
	return toll
}
