package network

import (
	"net"
	"os"
	"time"
)

// signal wakes all who wait for a change. Its owner's lock guards it.
type signal struct{ fired chan struct{} }

func (s *signal) next() <-chan struct{} {
	if s.fired == nil {
		s.fired = make(chan struct{})
	}
	return s.fired
}

func (s *signal) fire() {
	if s.fired != nil {
		close(s.fired)
		s.fired = nil
	}
}

// wait blocks until it is ready, or the connection is closed, or its deadline is past.
func wait[T any](ready <-chan T, closed, late <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-closed:
		return net.ErrClosed
	case <-late:
		return os.ErrDeadlineExceeded
	}
}

func waitUntil(due time.Time, closed, late <-chan struct{}) error {
	left := time.Until(due)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	return wait(timer.C, closed, late)
}

func isOver(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
