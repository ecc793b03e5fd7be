package network

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
)

// Passage is the way from an Entry to its target.
type Passage struct {
	// Dial reaches the target.
	Dial    func(context.Context) (net.Conn, error)
	Out, In *Link
	// TLS is how the target is spoken to, in HTTP/2 or HTTP/1.1 as the source does; nil: without.
	TLS *tls.Config
}

// Entry accepts plain connections on a loopback port of its own and carries each to one target: the way in for
// other processes. It accepts them also while its links hold or lose; then what is sent waits, or is lost, and
// where they refuse the connection is reset at once.
type Entry struct {
	port
	passage Passage
}

// NewEntry listens on a free port of 127.0.0.1, which is the entry's until Close.
func NewEntry(p Passage) (*Entry, error) {
	e := &Entry{passage: p}
	if err := e.listen(); err != nil {
		return nil, err
	}
	e.serve(e.carry)
	return e, nil
}

func (e *Entry) carry(source net.Conn) {
	defer func() { _ = source.Close() }()
	target, err := e.reach(source)
	if err != nil {
		_ = abort(source)
		return
	}
	defer func() { _ = target.Close() }()
	defer e.closing(target)()
	if e.passage.TLS == nil {
		splice(source, target)
		return
	}
	begun := &begunConn{Conn: source, read: bufio.NewReader(source)}
	splice(begun, tls.Client(target, e.passage.speaking(begun.protocol())))
}

// reach connects to the target at once, whatever holds the links: the source believes that it is connected, too, and
// only what it sends can tell that it is not.
func (e *Entry) reach(source net.Conn) (*Conn, error) {
	conn, err := e.passage.Dial(e.ctx)
	if err != nil {
		return nil, err
	}
	target := newConn(e.passage.Out, e.passage.In)
	target.origin = source
	return target, target.attach(conn)
}

func (p Passage) speaking(protocol string) *tls.Config {
	own := p.TLS.Clone()
	own.NextProtos = []string{protocol}
	return own
}

// begunConn is a connection whose first bytes have been looked at.
type begunConn struct {
	net.Conn
	read *bufio.Reader
}

func (c *begunConn) Read(p []byte) (int, error) { return c.read.Read(p) }

// protocol tells by the first bytes what is spoken, as TLS names it: HTTP/2 begins with PRI, which no method of
// HTTP/1.1 does. (RFC 9113, 3.4)
func (c *begunConn) protocol() string {
	if first, err := c.read.Peek(3); err == nil && string(first) == "PRI" {
		return "h2"
	}
	return "http/1.1"
}
