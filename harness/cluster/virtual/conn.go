package virtual

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// capacity bounds the bytes of one direction that were not read yet, as socket buffers do.
	capacity = 4 << 20
	// Latency of what is written, one way: that of a good network. Each write has its own, hashed from its number.
	leastLatency, moreLatency = 100 * time.Microsecond, 200 * time.Microsecond
)

// Conn is one end of a connection in memory.
type Conn struct {
	in, out       *stream
	local, remote addr
}

// newPipe makes the two ends of a connection.
func newPipe(dialer, listener addr, number uint64) (near, far *Conn) {
	there, back := newStream(2*number), newStream(2*number+1)
	return &Conn{in: back, out: there, local: dialer, remote: listener}, &Conn{in: there, out: back, local: listener, remote: dialer}
}

// Read waits for bytes to arrive.
func (c *Conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write returns at once, unless too much is unread.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// CloseWrite ends what is sent, and goes on to receive.
func (c *Conn) CloseWrite() error {
	c.out.end()
	return nil
}

// Close ends the connection. The other end reads what is under way, then the end of it.
func (c *Conn) Close() error {
	c.out.shut()
	c.out.end()
	c.in.abandon()
	return nil
}

// LocalAddr and RemoteAddr are only names.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the other end's.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setReadDeadline(t)
	c.out.setWriteDeadline(t)
	return nil
}

// SetReadDeadline ends Reads at t.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setReadDeadline(t)
	return nil
}

// SetWriteDeadline ends Writes at t that wait for room.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setWriteDeadline(t)
	return nil
}

type addr string

func (addr) Network() string  { return "virtual" }
func (a addr) String() string { return string(a) }

// parcel is bytes under way, or the end of the stream behind them.
type parcel struct {
	bytes []byte
	end   bool
	due   time.Time // not before; nor before what is older
}

// stream is one direction of a connection: one queue, so that nothing overtakes. A timer only says that it is time to
// look: one for each parcel could bring them in another order.
type stream struct {
	seed uint64

	mu      sync.Mutex
	changed *sync.Cond
	parcels []parcel // oldest first
	weight  int      // bytes in them
	sent    uint64   // parcels so far

	ended     bool // nothing more is written
	closed    bool // by its writer: Writes fail
	abandoned bool // by its reader: Reads and Writes fail

	look              *time.Timer // nil: was never needed
	lookAt            time.Time   // zero: the timer is not set
	readBy, writeBy   time.Time
	readTimer, wTimer *time.Timer
}

func newStream(seed uint64) *stream {
	s := &stream{seed: seed}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed || s.ended:
			return 0, net.ErrClosed
		case s.abandoned:
			return 0, syscall.EPIPE
		case isPast(s.writeBy):
			return 0, os.ErrDeadlineExceeded
		case s.weight < capacity:
			s.push(parcel{bytes: append([]byte(nil), p...)})
			return len(p), nil
		}
		s.changed.Wait()
	}
}

// push is called with s.mu held.
func (s *stream) push(p parcel) {
	s.sent++
	p.due = time.Now().Add(latency(s.seed, s.sent))
	if n := len(s.parcels); n > 0 && s.parcels[n-1].due.After(p.due) {
		p.due = s.parcels[n-1].due
	}
	s.parcels = append(s.parcels, p)
	s.weight += len(p.bytes)
	if len(s.parcels) == 1 {
		s.lookAgain(p.due)
	}
}

// latency is drawn by a hash (splitmix64): a stream's n-th parcel always has the same.
func latency(seed, n uint64) time.Duration {
	x := seed<<32 ^ n
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return leastLatency + time.Duration((x^x>>31)%uint64(moreLatency/time.Microsecond))*time.Microsecond
}

// lookAgain wakes those who wait at a time. It is called with s.mu held.
func (s *stream) lookAgain(at time.Time) {
	if s.lookAt.Equal(at) {
		return
	}
	s.lookAt = at
	if s.look == nil {
		s.look = time.AfterFunc(time.Until(at), s.arrive)
		return
	}
	s.look.Reset(time.Until(at))
}

// arrive is called when the oldest parcel may be due.
func (s *stream) arrive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookAt = time.Time{}
	s.changed.Broadcast()
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.abandoned:
			return 0, net.ErrClosed
		case isPast(s.readBy):
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(s.parcels) > 0:
			if now := time.Now(); !s.parcels[0].due.After(now) {
				return s.take(p, now)
			}
			s.lookAgain(s.parcels[0].due)
		}
		s.changed.Wait()
	}
}

// take gives as much as fits of what has arrived. It is called with s.mu held, and the oldest parcel due.
func (s *stream) take(p []byte, now time.Time) (n int, err error) {
	for len(s.parcels) > 0 && n < len(p) && !s.parcels[0].due.After(now) {
		first := &s.parcels[0]
		if first.end {
			if n == 0 {
				err = io.EOF // it stays for the next who reads
			}
			return n, err
		}
		k := copy(p[n:], first.bytes)
		n += k
		if first.bytes = first.bytes[k:]; len(first.bytes) == 0 {
			s.parcels[0] = parcel{}
			s.parcels = s.parcels[1:]
		}
	}
	if full := s.weight >= capacity; full {
		s.changed.Broadcast()
	}
	s.weight -= n
	return n, nil
}

// end puts the end of the stream behind what is under way.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		s.push(parcel{end: true})
		s.changed.Broadcast()
	}
}

// shut is the writer's: its own Writes end.
func (s *stream) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.stop(s.wTimer)
	s.changed.Broadcast()
}

// abandon is the reader's: nothing is read any more.
func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = true
	s.parcels, s.weight = nil, 0
	s.stop(s.readTimer)
	s.stop(s.look)
	s.changed.Broadcast()
}

func (s *stream) stop(timer *time.Timer) {
	if timer != nil {
		timer.Stop()
	}
}

func (s *stream) setReadDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readBy = t
	s.readTimer = s.wakeAt(s.readTimer, t)
}

func (s *stream) setWriteDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeBy = t
	s.wTimer = s.wakeAt(s.wTimer, t)
}

// wakeAt has all who wait look again at a deadline, and now, for it may have been another one.
func (s *stream) wakeAt(timer *time.Timer, t time.Time) *time.Timer {
	s.stop(timer)
	s.changed.Broadcast()
	if t.IsZero() || isPast(t) {
		return timer
	}
	return time.AfterFunc(time.Until(t), s.changed.Broadcast)
}

func isPast(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
