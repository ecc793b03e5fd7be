package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// retryTime is the pause after an accept that failed for want of file descriptors.
const retryTime = 10 * time.Millisecond

// port is a loopback port whose connections end with it.
type port struct {
	listener net.Listener
	ctx      context.Context // of all connections; a field because Close must end them
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// listen takes a free port of 127.0.0.1, which is the caller's until Close.
func (p *port) listen() error {
	var err error
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("listen on a port of its own: %w", err)
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return nil
}

// Addr is the host and port that connections are made to.
func (p *port) Addr() string { return p.listener.Addr().String() }

// Close ends all connections and returns when nothing of them is left.
func (p *port) Close() error {
	p.cancel()
	err := p.listener.Close()
	p.running.Wait()
	return err
}

// serve begins to accept connections, each to be carried by itself.
func (p *port) serve(carry func(net.Conn)) {
	p.running.Go(func() {
		for p.ctx.Err() == nil {
			conn, err := p.listener.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil:
				p.pause()
			default:
				p.running.Go(func() { p.hold(conn, carry) })
			}
		}
	})
}

func (p *port) hold(conn net.Conn, carry func(net.Conn)) {
	defer p.closing(conn)()
	carry(conn)
}

// closing closes a connection with the port, unless it is done with before.
func (p *port) closing(conn net.Conn) (done func() bool) {
	return context.AfterFunc(p.ctx, func() { _ = conn.Close() })
}

func (p *port) pause() {
	select {
	case <-time.After(retryTime):
	case <-p.ctx.Done():
	}
}
