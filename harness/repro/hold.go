package repro

import (
	"slices"
	"strconv"

	"lockquake/checker/history"
	"lockquake/workloads"
)

// hold is a lock as a process holds it.
type hold struct {
	*workloads.Hold
	by   *process
	prev int64 // what was read last
}

// reads looks at the resource, under the lock.
func (h *hold) reads() {
	call := h.by.s.rec.Invoke(h.by.event(history.Read, h))
	text, pos, err := h.by.s.resource.Read(h.by.s.ctx, h.Name, h.Hold)
	if err == nil && text != "" {
		h.prev, err = strconv.ParseInt(text, 10, 64)
	}
	h.by.returned(call, err, history.Event{Value: h.prev, Pos: pos})
	h.by.s.tell("%s reads %d%s", h.by, h.prev, failed(err))
}

// writes replaces what was read, under the lock.
func (h *hold) writes() { <-h.beginsToWrite() }

// beginsToWrite does so in the background: the write may have to wait. The channel is closed when it is done.
func (h *hold) beginsToWrite() <-chan struct{} {
	s, done := h.by.s, make(chan struct{})
	s.values++
	if !slices.Contains(s.written, h.Name) {
		s.written = append(s.written, h.Name)
	}
	e := h.by.event(history.Write, h)
	e.Value, e.Prev = s.values, h.prev
	call := s.rec.Invoke(e)
	go func() {
		defer close(done)
		pos, err := s.resource.Write(s.ctx, h.Name, h.Hold, strconv.FormatInt(e.Value, 10))
		h.by.returned(call, err, history.Event{Pos: pos})
		s.tell("%s writes %d over %d%s", h.by, e.Value, e.Prev, failed(err))
	}()
	return done
}

// releases gives the lock back, or tries to.
func (h *hold) releases() error { return <-h.beginsToRelease() }

// beginsToRelease does so in the background: the release may have to wait.
func (h *hold) beginsToRelease() <-chan error {
	s, done := h.by.s, make(chan error, 1)
	call := s.rec.Invoke(h.by.event(history.Release, h))
	s.tell("%s releases %s", h.by, h.Name)
	go func() {
		err := h.Release(s.ctx)
		h.by.returned(call, err, history.Event{})
		s.tell("%s's release is over%s", h.by, failed(err))
		done <- err
	}()
	return done
}

// hearsOfLoss waits until the lock tells that it is lost, if it ever does, and has the process stop
// believing in it.
func (h *hold) hearsOfLoss() bool {
	if h.Lost == nil {
		return false
	}
	h.by.s.await("the news of a lost lock", func() bool { return isClosed(h.Lost) })
	h.by.s.rec.Info(h.by.event(history.Lost, h))
	h.by.s.tell("%s learns that it has lost %s", h.by, h.Name)
	return true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func failed(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}
