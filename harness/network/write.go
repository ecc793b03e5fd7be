package network

import (
	"io"
	"net"
	"slices"
)

// Write writes straight through while the link passes and nothing is under way; otherwise it puts a
// copy of p behind what is, and blocks only when that is too much. What a link loses counts as
// written. A write that fails later breaks the connection.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.out.link.passes() && c.out.isIdle() {
		n, err := c.Conn.Write(p)
		return n, c.why(err)
	}
	if err := c.out.push(&parcel{bytes: slices.Clone(p)}, c.writeBy.past()); err != nil {
		return 0, c.why(err)
	}
	c.out.serve(c.deliver)
	return len(p), nil
}

// why is the reason of an error that is only the consequence of the connection's end.
func (c *Conn) why(err error) error {
	if err != nil && isOver(c.closed) {
		return c.cause
	}
	return err
}

// CloseWrite ends the stream of what is written, behind all that is under way, and returns when the
// link has let the end through.
func (c *Conn) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.out.push(&parcel{end: io.EOF}, c.writeBy.past()); err != nil {
		return c.why(err)
	}
	c.out.serve(c.deliver)
	if err := c.out.await(c.out.idle, nil); err != nil {
		return c.why(err)
	}
	return c.why(closeWrite(c.Conn))
}

func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return conn.Close()
}

// deliver sends what is under way, each parcel when it has arrived, until none is left.
func (c *Conn) deliver() {
	for c.out.more() {
		arrived, err := c.out.take(nil)
		if err != nil {
			return
		}
		if arrived == nil || arrived.end != nil {
			continue
		}
		if _, err := c.Conn.Write(arrived.bytes); err != nil {
			_ = c.fail(err)
			return
		}
	}
}
