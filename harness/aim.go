package harness

import (
	"context"
	"sync"

	"lockquake/harness/nemesis"
)

// aim lets the nemesis strike the next holder before that holder takes another step.
type aim struct {
	mu     sync.Mutex
	target chan shot // nil: nobody waits for a holder
}

// shot is a holder that stands still until the nemesis has done its work.
type shot struct {
	holder nemesis.Holder
	done   chan struct{}
}

// next waits for the next holder. The caller must call the func that it gets.
func (a *aim) next(ctx context.Context) (nemesis.Holder, func(), error) {
	target := make(chan shot, 1)
	a.arm(target)
	select {
	case s := <-target:
		return s.holder, func() { close(s.done) }, nil
	case <-ctx.Done():
	}
	a.arm(nil)
	select {
	case s := <-target: // it came at the last moment, and waits
		close(s.done)
	default:
	}
	return nemesis.Holder{}, nil, ctx.Err()
}

func (a *aim) arm(target chan shot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.target = target
}

// entered is called by a holder in its critical section. It returns at once if nobody aims.
func (a *aim) entered(ctx context.Context, holder nemesis.Holder) {
	s := shot{holder: holder, done: make(chan struct{})}
	a.mu.Lock()
	target := a.target
	a.target = nil
	if target != nil {
		target <- s
	}
	a.mu.Unlock()
	if target == nil {
		return
	}
	select {
	case <-s.done:
	case <-ctx.Done():
	}
}
