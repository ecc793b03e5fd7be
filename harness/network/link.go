package network

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Link is one directed path, shared by all connections that run over it. The zero Link passes.
type Link struct {
	ruled atomic.Bool // there are rules; spares those who may pass the lock

	mu                   sync.Mutex
	rules                []*Imposed     // in force, oldest first
	latest               uint64         // the number of the newest rule
	held, lost, refusing bool           // what the rules come to
	changed              signal         // the rules are others
	torn                 map[*Conn]bool // all connections that run over the link: which have lost bytes on it
}

// Impose puts a rule on the link, beside those that are there. A Refused rule has reset the link's
// connections when Impose returns.
func (l *Link) Impose(r Rule) *Imposed {
	i, running := l.add(r)
	if r.Refused {
		i.reset(running)
	}
	return i
}

func (l *Link) add(r Rule) (i *Imposed, running []*Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest++
	i = &Imposed{link: l, rule: r, number: l.latest}
	l.change(append(l.rules, i))
	return i, slices.Collect(maps.Keys(l.torn))
}

// change is called with l.mu held.
func (l *Link) change(rules []*Imposed) {
	l.rules, l.held, l.lost, l.refusing = rules, false, false, false
	for _, i := range rules {
		l.held = l.held || i.rule.Held
		l.lost = l.lost || i.rule.Lost
		l.refusing = l.refusing || i.rule.Refused
	}
	l.ruled.Store(len(rules) > 0)
	l.changed.fire()
}

// passes tells whether there are no rules at all.
func (l *Link) passes() bool { return !l.ruled.Load() }

// ask tells what becomes of a connection's parcel: it is lost; or it waits, and asks again when the
// channel closes; or it passes.
func (l *Link) ask(c *Conn, p *parcel) (lost bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.lost && len(p.bytes) > 0:
		l.lose(c, p)
		return true, nil
	case l.lost || l.held: // the end of a stream can wait, but not be lost
		l.hold(p)
		return false, l.changed.next()
	}
	return false, nil
}

func (l *Link) lose(c *Conn, p *parcel) {
	if _, open := l.torn[c]; open { // one that has been closed must not come back
		l.torn[c] = true
	}
	for _, i := range l.rules {
		if i.rule.Lost {
			i.toll.Lost += int64(len(p.bytes))
		}
	}
}

// hold counts a parcel with the rules that it has not yet met: it asks again after every change.
func (l *Link) hold(p *parcel) {
	for _, i := range l.rules {
		if i.rule.Held && i.number > p.met {
			i.toll.Held += int64(len(p.bytes))
		}
	}
	p.met = l.latest
}

func (l *Link) allTorn() (torn []*Conn) {
	for c, lost := range l.torn {
		if lost {
			torn = append(torn, c)
		}
	}
	return torn
}

// delay is how late the n-th thing that a connection sends shall arrive, with so many bytes.
func (l *Link) delay(n uint64, bytes int) (sum time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range l.rules {
		if i.rule.delays() {
			sum += i.rule.delay(n)
			i.toll.Delayed += int64(bytes)
		}
	}
	return sum
}

// call asks for a call to pass. A channel: it waits, and asks again when that closes.
func (l *Link) call() (changed <-chan struct{}, refused error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.refusing:
		return nil, l.refuse()
	case l.held || l.lost:
		return l.changed.next(), nil
	}
	return nil, nil
}

// join makes a connection one of the link's, so that rules can reset it.
func (l *Link) join(c *Conn) (refused error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusing {
		return l.refuse()
	}
	if isOver(c.closed) { // by its other link, just now: it would never leave
		return nil
	}
	if l.torn == nil {
		l.torn = map[*Conn]bool{}
	}
	l.torn[c] = false
	return nil
}

func (l *Link) refuse() error {
	for _, i := range l.rules {
		if i.rule.Refused {
			i.toll.Resets++
		}
	}
	return fmt.Errorf("call over a link that refuses: %w", syscall.ECONNREFUSED)
}

func (l *Link) leave(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.torn, c)
}
