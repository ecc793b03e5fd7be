package network

import (
	"sync"
	"time"
)

// deadline is a channel that closes when a settable time is past; the zero deadline never is. The
// same as in net.Pipe, which does not export it.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	over  chan struct{}
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rearm()
	if t.IsZero() {
		return
	}
	over := d.over
	left := time.Until(t)
	if left <= 0 {
		close(over)
		return
	}
	d.timer = time.AfterFunc(left, func() { close(over) })
}

// rearm stops the timer. A channel that its timer has closed, or is about to, is replaced; any other
// stays, so that those who wait on it see the new time.
func (d *deadline) rearm() {
	fired := d.timer != nil && !d.timer.Stop()
	d.timer = nil
	if d.over == nil || fired || isOver(d.over) {
		d.over = make(chan struct{})
	}
}

func (d *deadline) past() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over == nil {
		d.over = make(chan struct{})
	}
	return d.over
}
