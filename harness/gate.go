package harness

import (
	"context"
	"sync"
)

// gate stops one client's process while it is closed.
type gate struct {
	mu      sync.Mutex
	opened  chan struct{} // closed when the gate opens; nil: it is open
	stopped bool          // the process stood at the closed gate
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened, g.stopped = make(chan struct{}), false
	}
}

// open lets the process go on, and tells whether it had been stopped.
func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		return false
	}
	close(g.opened)
	g.opened = nil
	return g.stopped
}

// closed gives a channel that is closed when the gate opens; nil: it is open.
func (g *gate) closed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = g.stopped || g.opened != nil
	return g.opened
}

// pass returns when the gate is open, and tells whether it had to be waited for.
func (g *gate) pass(ctx context.Context) bool {
	opened := g.closed()
	if opened == nil {
		return false
	}
	select {
	case <-opened:
	case <-ctx.Done():
	}
	return true
}
