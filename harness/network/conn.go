package network

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// backlog is how many writes a held link takes in before the writer blocks. Like a socket's
// buffer it lets a client believe that a request is under way: sent late, it still takes effect.
const backlog = 256

// Conn is a connection whose two directions run over links. Write returns before its bytes are
// through when the link holds them; Read waits. Close and deadlines end the waiting. Close loses
// what still waits, as a reset would.
type Conn struct {
	net.Conn
	out, in *Link

	reading sync.Mutex
	kept    []byte // was read, but held back beyond the deadline of the Read that read it

	writing sync.Mutex
	queue   chan func() // sends that wait for the link; nil until it first holds
	waiting atomic.Int64

	readBy, writeBy deadline
	closing         sync.Once
	closed          chan struct{}
}

// Wrap puts what is written to conn under the link out, and what is read from it under in.
func Wrap(conn net.Conn, out, in *Link) *Conn {
	return &Conn{Conn: conn, out: out, in: in, closed: make(chan struct{})}
}

// Dial makes a connection and wraps it. The call travels over out and its answer, even a refusal,
// over in: while either holds, Dial waits, until ctx ends.
func Dial(ctx context.Context, dial func(context.Context) (net.Conn, error), out, in *Link) (*Conn, error) {
	if out.await(0, ctx.Done(), nil) != nil {
		return nil, ctx.Err()
	}
	conn, err := dial(ctx)
	if in.await(0, ctx.Done(), nil) != nil {
		return nil, errors.Join(ctx.Err(), closeIfAny(conn))
	}
	if err != nil {
		return nil, err
	}
	return Wrap(conn, out, in), nil
}

func closeIfAny(conn net.Conn) error {
	if conn == nil {
		return nil
	}
	return conn.Close()
}

// Read reads what the link in has let through. An end of the stream, too, comes only when it may.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if len(c.kept) > 0 {
		return c.readKept(p)
	}
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	if late := c.in.await(n, c.closed, c.readBy.past()); late != nil {
		c.kept = slices.Clone(p[:n])
		return 0, late
	}
	return n, err
}

func (c *Conn) readKept(p []byte) (int, error) {
	if err := c.in.await(0, c.closed, c.readBy.past()); err != nil {
		return 0, err
	}
	n := copy(p, c.kept)
	c.kept = c.kept[n:]
	return n, nil
}

// Write writes straight through while nothing is held; otherwise it queues a copy of p behind what
// waits, and blocks only when the queue is full. A write that fails later breaks the connection.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	passes := c.out.admit(len(p)) == nil
	if c.isClosed() || passes && c.waiting.Load() == 0 {
		return c.Conn.Write(p)
	}
	if err := c.enqueue(c.writeLater(slices.Clone(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *Conn) writeLater(p []byte) func() {
	return func() {
		if _, err := c.Conn.Write(p); err != nil {
			_ = c.Conn.Close()
		}
	}
}

// CloseWrite ends the stream of what is written, behind all that still waits, and returns when the
// link has let the end through.
func (c *Conn) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	done := make(chan error, 1)
	if err := c.enqueue(func() { done <- closeWrite(c.Conn) }); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-c.closed:
		return net.ErrClosed
	}
}

func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return conn.Close()
}

// enqueue is called with c.writing held, which keeps the sends in order.
func (c *Conn) enqueue(send func()) error {
	if c.queue == nil {
		c.queue = make(chan func(), backlog)
		go c.deliver()
	}
	c.waiting.Add(1)
	select {
	case c.queue <- send:
		return nil
	case <-c.closed:
		return net.ErrClosed
	case <-c.writeBy.past():
		c.waiting.Add(-1)
		return os.ErrDeadlineExceeded
	}
}

// deliver sends what waits, each as soon as the link lets it, until the connection is closed.
func (c *Conn) deliver() {
	for {
		select {
		case send := <-c.queue:
			if c.out.await(0, c.closed, nil) != nil {
				return
			}
			send()
			c.waiting.Add(-1)
		case <-c.closed:
			return
		}
	}
}

func (c *Conn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Close closes the connection and ends every Read and Write on it.
func (c *Conn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline ends Reads at t, those that the link holds, too; what they held is not lost.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.readBy.set(t)
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline ends Writes at t, those that wait for room in the queue, too.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.writeBy.set(t)
	return c.Conn.SetWriteDeadline(t)
}
