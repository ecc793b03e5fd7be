package virtual

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// backlog is how many connections may wait to be accepted.
const backlog = 128

// listener accepts connections that are made in memory.
type listener struct {
	at       addr
	incoming chan net.Conn
	closing  sync.Once
	closed   chan struct{}
}

func listen(at addr) *listener {
	return &listener{at: at, incoming: make(chan net.Conn, backlog), closed: make(chan struct{})}
}

func (l *listener) Addr() net.Addr { return l.at }

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.incoming:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close refuses those that wait, too.
func (l *listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	for {
		select {
		case conn := <-l.incoming:
			_ = conn.Close()
		default:
			return nil
		}
	}
}

// dial makes a connection; number tells it from all others.
func (l *listener) dial(ctx context.Context, number uint64) (net.Conn, error) {
	near, far := newPipe("dialer", l.at, number)
	select {
	case <-l.closed:
		return nil, l.refuse()
	case <-ctx.Done():
		return nil, ctx.Err()
	default:
	}
	select {
	case l.incoming <- far:
		return near, nil
	default: // so many are waiting: whoever waits with them holds locks that others want
		return nil, l.refuse()
	}
}

func (l *listener) refuse() error { return fmt.Errorf("dial %s: %w", l.at, syscall.ECONNREFUSED) }
