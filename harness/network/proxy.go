package network

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// handshakeTime bounds the TLS handshake of a connection, which no link holds.
const handshakeTime = 5 * time.Second

// Route says where a proxy's connections go, and over which links.
type Route struct {
	Certificate tls.Certificate
	// Dial reaches the target.
	Dial func(context.Context) (net.Conn, error)
	// Links are the links to the target and back for the source that named itself so in the TLS
	// handshake: as the server that it wants to speak to (SNI), which costs least, or, without that, in
	// a certificate of its own. Nil links: unknown, its connection is closed.
	Links func(source string) (out, in *Link)
}

// Proxy accepts TLS connections on a loopback port of its own and carries them to one target. Its
// gate is shut at first: connections are accepted and closed, which their dialers notice at once.
type Proxy struct {
	port
	route Route
	tls   *tls.Config
	open  atomic.Bool

	mu      sync.Mutex
	sources map[net.Conn]string // the connections of now, and who made them
}

// NewProxy listens on a free port of 127.0.0.1, which is the proxy's until Close.
func NewProxy(r Route) (*Proxy, error) {
	config := &tls.Config{
		Certificates: []tls.Certificate{r.Certificate},
		ClientAuth:   tls.RequestClientCert,
		MinVersion:   tls.VersionTLS13,
	}
	p := &Proxy{route: r, tls: config, sources: map[net.Conn]string{}}
	if err := p.listen(); err != nil {
		return nil, err
	}
	p.serve(p.carry)
	return p, nil
}

// Open opens the gate.
func (p *Proxy) Open() { p.open.Store(true) }

// Disconnect ends a source's connections at its own end, as its death would. The target hears of it over
// the link.
func (p *Proxy) Disconnect(source string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn, name := range p.sources {
		if name == source {
			_ = conn.Close()
		}
	}
}

// carry takes one connection from its handshake to its end.
func (p *Proxy) carry(conn net.Conn) {
	if !p.open.Load() {
		_ = conn.Close()
		return
	}
	source := tls.Server(conn, p.tls)
	defer func() { _ = source.Close() }()
	name, err := p.identify(source)
	if err != nil {
		return
	}
	defer p.track(conn, name)() // before it is asked for its links: whoever has none by now was disconnected
	out, in := p.route.Links(name)
	if out == nil || in == nil {
		return
	}
	target, err := dialFor(p.ctx, conn, p.route.Dial, out, in)
	if err != nil {
		_ = abort(conn) // as near as a proxy comes to a refusal
		return
	}
	defer p.closing(target)()
	splice(source, target)
	_ = target.Close()
}

func (p *Proxy) identify(source *tls.Conn) (name string, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, handshakeTime)
	defer cancel()
	if err := source.HandshakeContext(ctx); err != nil {
		return "", err
	}
	return nameOf(source.ConnectionState()), nil
}

func (p *Proxy) track(conn net.Conn, source string) (forget func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sources[conn] = source
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.sources, conn)
	}
}

func nameOf(source tls.ConnectionState) string {
	if source.ServerName == "" && len(source.PeerCertificates) > 0 {
		return source.PeerCertificates[0].Subject.CommonName
	}
	return source.ServerName
}

// splice copies both ways until both ways have ended. Each direction closes only the end that it
// writes to: so the news that one end is gone travels over the same link as its bytes, and
// a held link hides it.
func splice(source net.Conn, target halfCloser) {
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = io.Copy(target, source)
		_ = target.CloseWrite()
	})
	copying.Go(func() {
		_, _ = io.Copy(source, target)
		_ = source.Close()
	})
	copying.Wait()
}

// halfCloser is a connection that can end what it sends, and go on to receive.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}
