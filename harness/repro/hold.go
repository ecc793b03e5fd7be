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
func (h *hold) writes() { h.beginsToWrite().ends() }

// beginsToWrite does so in the background: the write may have to wait.
func (h *hold) beginsToWrite() work {
	s := h.by.s
	s.values++
	if !slices.Contains(s.written, h.Name) {
		s.written = append(s.written, h.Name)
	}
	e := h.by.event(history.Write, h)
	e.Value, e.Prev = s.values, h.prev
	call := s.rec.Invoke(e)
	return s.begins("a write", func() {
		pos, err := s.resource.Write(s.ctx, h.Name, h.Hold, strconv.FormatInt(e.Value, 10))
		h.by.returned(call, err, history.Event{Pos: pos})
		s.tell("%s writes %d over %d%s", h.by, e.Value, e.Prev, failed(err))
	})
}

// releases gives the lock back, or tries to.
func (h *hold) releases() { h.beginsToRelease().ends() }

// beginsToRelease does so in the background: the release may have to wait.
func (h *hold) beginsToRelease() work {
	s := h.by.s
	call := s.rec.Invoke(h.by.event(history.Release, h))
	s.tell("%s releases %s", h.by, h.Name)
	return s.begins("a release", func() {
		err := h.Release(s.ctx)
		h.by.returned(call, err, history.Event{})
		s.tell("%s's release is over%s", h.by, failed(err))
	})
}

// work goes on in the background.
type work struct {
	s    *scene
	what string
	done chan struct{}
}

func (s *scene) begins(what string, do func()) work {
	w := work{s, what, make(chan struct{})}
	s.background.Go(func() {
		defer close(w.done)
		do()
	})
	return w
}

// ends waits for the end.
func (w work) ends() { w.s.await("the end of "+w.what, func() bool { return isClosed(w.done) }) }

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
