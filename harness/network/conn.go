package network

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// Conn is a connection whose two directions run over links. Write returns before its bytes are
// through when the link holds, delays or loses them; Read waits. Close and deadlines end the waiting.
// Close loses what still waits, as a reset would. After a reset, Read and Write return
// syscall.ECONNRESET.
type Conn struct {
	net.Conn
	origin net.Conn // what a proxy carries here, reset together with it; nil: no proxy

	out, in lane

	reading sync.Mutex
	rest    []byte // has arrived, and did not fit into the last Read
	writing sync.Mutex

	readBy, writeBy deadline
	ending          sync.Once
	closed          chan struct{}
	cause           error // why closed is
}

// Wrap puts what is written to conn under the link out, and what is read from it under in. Where one
// of them refuses, the connection is reset from the start.
func Wrap(conn net.Conn, out, in *Link) *Conn {
	c := newConn(out, in)
	_ = c.attach(conn)
	return c
}

func newConn(out, in *Link) *Conn {
	c := &Conn{closed: make(chan struct{})}
	c.out = lane{link: out, owner: c, closed: c.closed}
	c.in = lane{link: in, owner: c, closed: c.closed}
	return c
}

// attach gives the connection its underlying one, and makes it known to its links.
func (c *Conn) attach(conn net.Conn) (refused error) {
	c.Conn = conn
	for _, l := range []*Link{c.out.link, c.in.link} {
		if refused = l.join(c); refused != nil {
			c.reset()
			return refused
		}
	}
	return nil
}

// Close closes the connection and ends every Read and Write on it. Closing it again does nothing.
func (c *Conn) Close() error { return c.fail(net.ErrClosed) }

// fail closes the connection, and gives its Reads and Writes a reason.
func (c *Conn) fail(cause error) (err error) {
	c.ending.Do(func() { err = c.end(cause, c.Conn.Close) })
	return err
}

// reset closes both ends at once, the origin's first: the proxy would end it politely as soon as it
// noticed. It has happened when reset returns, whoever was the first to end the connection.
func (c *Conn) reset() (first bool) {
	c.ending.Do(func() {
		first = true
		if c.origin != nil {
			_ = abort(c.origin)
		}
		_ = c.end(fmt.Errorf("by a link: %w", syscall.ECONNRESET), func() error { return abort(c.Conn) })
	})
	return first
}

func (c *Conn) end(cause error, hangUp func() error) error {
	c.cause = cause
	close(c.closed)
	err := hangUp()
	c.out.link.leave(c)
	c.in.link.leave(c)
	return err
}

// abort closes a connection so that its other end sees a reset, if the transport has such a thing.
func abort(conn net.Conn) error {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return conn.Close()
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

// SetWriteDeadline ends Writes at t, those that wait for room on the link, too.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.writeBy.set(t)
	return c.Conn.SetWriteDeadline(t)
}
