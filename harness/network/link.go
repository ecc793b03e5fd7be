package network

import (
	"net"
	"os"
	"sync"
)

// Link is one directed path, shared by all connections that run over it. The zero Link passes.
type Link struct {
	mu      sync.Mutex
	imposed map[*Imposed]struct{}
	changed chan struct{} // closed at the next change; made by the first who waits
}

// Imposed is a rule in force on a link.
type Imposed struct {
	link *Link
	rule Rule
	toll Toll
}

// Impose puts a rule on the link, beside those that are there.
func (l *Link) Impose(r Rule) *Imposed {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := &Imposed{link: l, rule: r}
	if l.imposed == nil {
		l.imposed = map[*Imposed]struct{}{}
	}
	l.imposed[i] = struct{}{}
	l.change()
	return i
}

// Toll is what the rule has done so far.
func (i *Imposed) Toll() Toll {
	i.link.mu.Lock()
	defer i.link.mu.Unlock()
	return i.toll
}

// Lift takes the rule back, and tells what it had done. Lifting it again does nothing more.
func (i *Imposed) Lift() Toll {
	i.link.mu.Lock()
	defer i.link.mu.Unlock()
	delete(i.link.imposed, i)
	i.link.change()
	return i.toll
}

func (l *Link) change() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// admit asks for n bytes to pass. Nil: they may. Otherwise they are counted as held, and the
// channel closes when it is time to ask again.
func (l *Link) admit(n int) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := false
	for i := range l.imposed {
		if i.rule.Held {
			i.toll.Held += int64(n)
			held = true
		}
	}
	if !held {
		return nil
	}
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// await blocks until n bytes may pass, or the connection is closed, or its deadline is past.
func (l *Link) await(n int, closed, late <-chan struct{}) error {
	for {
		changed := l.admit(n)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-closed:
			return net.ErrClosed
		case <-late:
			return os.ErrDeadlineExceeded
		}
	}
}
