package history

import (
	"errors"
	"io"
	"sync"
	"time"
)

// Recorder stamps events and streams them to a writer. It is safe for concurrent use. Recording
// takes one short critical section, in which sequence number and time are taken together, and no
// allocation; a goroutine of the recorder's own encodes and writes.
//
// At most flushEvery after an event it is in the writer's hands, so what a kill loses is no more
// than that.
type Recorder struct {
	start time.Time

	mu      sync.Mutex
	drained sync.Cond // the filling buffer was taken by the writer
	filling []Event
	seq     int64
	closed  bool

	spare []Event // the writer goroutine's other buffer
	enc   *encoder
	see   []Observer
	wake  chan struct{}
	done  chan struct{}
	err   error // of the writer goroutine, to be read after done
}

const (
	flushEvery = 100 * time.Millisecond
	bufferSize = 4096 // events; a recorder that is this far ahead of its writer waits
)

// Observer is shown the events, in order and at most flushEvery late, and the history's time by which it has seen all;
// also when there are none. It is called by the goroutine that writes, so that recording costs no more. The events
// are the recorder's again when it returns, and when it takes long, those who record wait.
type Observer func(events []Event, now time.Duration)

// NewRecorder starts a history on w with the header as its first line. The clock starts now.
func NewRecorder(w io.Writer, h Header, observers ...Observer) (*Recorder, error) {
	enc, err := newEncoder(w, h)
	if err != nil {
		return nil, err
	}
	r := &Recorder{
		start:   time.Now(),
		filling: make([]Event, 0, bufferSize),
		spare:   make([]Event, 0, bufferSize),
		enc:     enc,
		see:     observers,
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	r.drained.L = &r.mu
	go r.stream()
	return r, nil
}

// Since gives a moment of the same clock as events have it.
func (r *Recorder) Since(t time.Time) time.Duration { return t.Sub(r.start) }

// Now is the time that an event recorded now would have.
func (r *Recorder) Now() time.Duration { return time.Since(r.start) }

// Call is an operation that was invoked and has not returned yet.
type Call struct {
	r *Recorder
	e Event
}

// ID identifies the operation.
func (c Call) ID() OpID { return c.e.ID }

// Invoke records the beginning of an operation; record it before the request leaves. Of e it takes
// Op, Process, Client, Hold, Key, Token and whatever else is known by then.
func (r *Recorder) Invoke(e Event) Call {
	e.Kind = Invoke
	e.Seq, e.At = r.add(&e)
	e.ID = OpID(e.Seq)
	if e.Op == Acquire {
		e.Hold = e.ID
	}
	return Call{r, e}
}

// Return records the end of the operation after its answer came. What e leaves zero is taken from
// the invoke. It gives the event's time.
func (c Call) Return(outcome Outcome, e Event) time.Duration {
	e.Kind, e.Op, e.ID, e.Outcome = Return, c.e.Op, c.e.ID, outcome
	e.Process, e.Client, e.Key, e.Hold = c.e.Process, c.e.Client, c.e.Key, c.e.Hold
	_, at := c.r.add(&e)
	return at
}

// Info records a single observation, and gives its sequence number.
func (r *Recorder) Info(e Event) int64 {
	e.Kind = Info
	seq, _ := r.add(&e)
	return seq
}

// add stamps and buffers an event. An invoke becomes its own ID, and an acquire its own Hold.
func (r *Recorder) add(e *Event) (int64, time.Duration) {
	r.mu.Lock()
	for len(r.filling) == bufferSize && !r.closed {
		r.drained.Wait()
	}
	if r.closed {
		r.mu.Unlock()
		return 0, r.Now()
	}
	r.seq++
	seq, at := r.seq, time.Since(r.start)
	r.filling = append(r.filling, *e)
	stamped := &r.filling[len(r.filling)-1]
	stamped.Seq, stamped.At = seq, at
	if e.Kind == Invoke {
		stamped.ID = OpID(seq)
		if e.Op == Acquire {
			stamped.Hold = OpID(seq)
		}
	}
	full := len(r.filling) == bufferSize
	r.mu.Unlock()
	if full {
		r.nudge()
	}
	return seq, at
}

func (r *Recorder) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Close ends the history in order. Events that are recorded later are dropped: their operations
// count as never returned. It gives the first error of encoding or writing.
func (r *Recorder) Close() error {
	r.Info(Event{Op: End, Process: Nemesis, Client: Nemesis})
	r.mu.Lock()
	closed := r.closed
	r.closed = true
	r.mu.Unlock()
	if closed {
		return errors.New("recorder closed twice")
	}
	r.nudge()
	<-r.done
	return r.err
}

func (r *Recorder) stream() {
	defer close(r.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		due := false
		select {
		case <-tick.C:
			due = true
		case <-r.wake:
		}
		batch, now, last := r.take()
		for _, see := range r.see {
			see(batch, now)
		}
		if r.err == nil {
			r.err = r.enc.write(batch)
		}
		if r.err == nil && due {
			r.err = r.enc.flush()
		}
		if last {
			r.err = errors.Join(r.err, r.enc.close())
			return
		}
	}
}

// take swaps the buffers, and tells when that was and whether this is the last batch.
func (r *Recorder) take() (batch []Event, now time.Duration, last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch = r.filling
	r.filling, r.spare = r.spare[:0], batch
	r.drained.Broadcast()
	return batch, r.Now(), r.closed
}
