package network

import (
	"net"
	"os"
	"sync"
)

// Rule says what a link does with the bytes that come to it. The zero Rule passes them on.
type Rule struct {
	Held bool // bytes wait, in order, until the rule is changed
}

// Link is one directed path, shared by all connections that run over it. The zero Link passes.
type Link struct {
	mu      sync.Mutex
	rule    Rule
	held    int64
	changed chan struct{} // closed at the next change; made by the first who waits
}

// Set changes the rule and tells how many bytes had to wait under the one that it replaces.
func (l *Link) Set(r Rule) (held int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held = l.held
	l.rule, l.held = r, 0
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return held
}

// Rule is the rule in force.
func (l *Link) Rule() Rule {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rule
}

// Held is the number of bytes that had to wait, or still do, since the rule was last changed: the
// evidence that the rule did harm. Bytes that never reached the link, because those before them
// wait in a full buffer, are not counted.
func (l *Link) Held() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// admit asks for n bytes to pass. Nil: they may. Otherwise they are counted as held, and the
// channel closes when it is time to ask again.
func (l *Link) admit(n int) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rule.Held {
		return nil
	}
	l.held += int64(n)
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
