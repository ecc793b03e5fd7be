package network

import (
	"context"
	"errors"
	"net"
	"time"
)

// Dial makes a connection and wraps it. The call travels over out and its answer, even a refusal,
// over in: while either holds or loses, Dial waits, until ctx ends. Where either refuses, its error is
// syscall.ECONNREFUSED, at once.
func Dial(ctx context.Context, dial func(context.Context) (net.Conn, error), out, in *Link) (*Conn, error) {
	return dialFor(ctx, nil, dial, out, in)
}

// dialFor dials for an origin, which is reset together with the connection.
func dialFor(ctx context.Context, origin net.Conn, dial func(context.Context) (net.Conn, error), out, in *Link) (*Conn, error) {
	c := newConn(out, in)
	c.origin = origin
	if err := c.call(ctx); err != nil {
		return nil, err
	}
	conn, err := dial(ctx)
	if late := in.travel(ctx); late != nil {
		return nil, errors.Join(late, closeIfAny(conn))
	}
	if err != nil {
		return nil, err
	}
	if refused := c.attach(conn); refused != nil {
		return nil, refused
	}
	return c, nil
}

func (c *Conn) call(ctx context.Context) error {
	for _, l := range []*Link{c.out.link, c.in.link} {
		if _, refused := l.call(); refused != nil {
			return refused
		}
	}
	return c.out.link.travel(ctx)
}

// travel takes a call, or the answer to one, over the link.
func (l *Link) travel(ctx context.Context) error {
	if waitUntil(time.Now().Add(l.delay(0, 0)), ctx.Done(), nil) != nil {
		return ctx.Err()
	}
	for {
		changed, refused := l.call()
		if changed == nil {
			return refused
		}
		if wait(changed, ctx.Done(), nil) != nil {
			return ctx.Err()
		}
	}
}

func closeIfAny(conn net.Conn) error {
	if conn == nil {
		return nil
	}
	return conn.Close()
}
