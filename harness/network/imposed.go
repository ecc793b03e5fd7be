package network

import (
	"slices"
)

// Imposed is a rule in force on a link.
type Imposed struct {
	link   *Link
	rule   Rule
	number uint64 // of the link's rules, from 1
	toll   Toll   // guarded by link.mu
}

// Toll is what the rule has done so far.
func (i *Imposed) Toll() Toll {
	i.link.mu.Lock()
	defer i.link.mu.Unlock()
	return i.toll
}

// Lift takes the rule back, and tells what it had done. Connections that have lost bytes are reset
// before the link passes again. Lifting a rule again does nothing more.
func (i *Imposed) Lift() Toll {
	for torn := i.lift(); len(torn) > 0; torn = i.lift() {
		i.reset(torn)
	}
	return i.Toll()
}

// lift takes the rule off the link, unless that would let torn connections go on. New ones can come
// to be while those are reset, but not without end: calls wait.
func (i *Imposed) lift() (torn []*Conn) {
	l := i.link
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(l.rules), func(other *Imposed) bool { return other == i })
	if !slices.ContainsFunc(rest, func(other *Imposed) bool { return other.rule.Lost }) {
		torn = l.allTorn()
	}
	if len(torn) == 0 && len(rest) < len(l.rules) {
		l.change(rest)
	}
	return torn
}

// reset is called without link.mu: connections that end leave their links.
func (i *Imposed) reset(conns []*Conn) {
	for _, c := range conns {
		if c.reset() {
			i.link.mu.Lock()
			i.toll.Resets++
			i.link.mu.Unlock()
		}
	}
}
