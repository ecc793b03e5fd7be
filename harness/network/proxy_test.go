package network_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"lockquake/harness/network"
)

// proxied is a proxy to an echo that knows the sources a and b.
type proxied struct {
	*network.Proxy
	authority *network.Authority
	out, in   map[string]*network.Link
}

func newProxied(t testing.TB) proxied {
	t.Helper()
	target := echo(t)
	p := proxied{
		authority: must(network.NewAuthority()),

		out: map[string]*network.Link{"a.src": {}, "b.src": {}},
		in:  map[string]*network.Link{"a.src": {}, "b.src": {}},
	}
	p.Proxy = must(network.NewProxy(network.Route{
		Certificate: must(p.authority.Certificate("proxy")),
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, target.Network(), target.String())
		},
		Links: func(source string) (out, in *network.Link) { return p.out[source], p.in[source] },
	}))
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// dialAs connects to the proxy under a name.
func (p proxied) dialAs(t testing.TB, source string) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", p.Addr(), &tls.Config{ServerName: source, InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("dial as %s: %v", source, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestGateIsShutUntilOpened(t *testing.T) {
	p := newProxied(t)
	config := &tls.Config{ServerName: "a.src", InsecureSkipVerify: true}
	if conn, err := tls.Dial("tcp", p.Addr(), config); err == nil {
		_ = conn.Close()
		t.Error("came through a gate that is shut")
	}
	p.Open()
	conn := p.dialAs(t, "a.src")
	send(t, conn, "ping")
	expect(t, conn, "ping")
}

func TestProxyTellsSourcesApart(t *testing.T) {
	p := newProxied(t)
	p.Open()
	a, b := p.dialAs(t, "a.src"), p.dialAs(t, "b.src")
	send(t, a, "hi")
	expect(t, a, "hi")
	held := hold(p.out["a.src"])
	send(t, a, "from a")
	send(t, b, "from b")
	expect(t, b, "from b")
	eventually(t, "a's bytes to be held", func() bool { return held.Toll().Held == 6 })
	echoed := make(chan string, 1)
	go func() {
		p := make([]byte, 6)
		_, _ = io.ReadFull(a, p)
		echoed <- string(p)
	}()
	quiet(t, "a read from a held source", echoed)
	held.Lift()
	if got := ends(t, "a's echo", echoed); got != "from a" {
		t.Errorf("read %q, want from a", got)
	}
}

func TestProxyHoldsOneDirectionOnly(t *testing.T) {
	for name, link := range map[string]func(proxied) *network.Link{
		"to the target":   func(p proxied) *network.Link { return p.out["a.src"] },
		"from the target": func(p proxied) *network.Link { return p.in["a.src"] },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxied(t)
			p.Open()
			conn := p.dialAs(t, "a.src")
			send(t, conn, "one")
			expect(t, conn, "one")
			held := hold(link(p))
			send(t, conn, "two")
			eventually(t, "bytes to be held", func() bool { return held.Toll().Held == 3 })
			held.Lift()
			expect(t, conn, "two")
		})
	}
}

func TestDisconnectEndsOneSourceOnly(t *testing.T) {
	p := newProxied(t)
	p.Open()
	a, b := p.dialAs(t, "a.src"), p.dialAs(t, "b.src")
	send(t, a, "hi")
	expect(t, a, "hi")
	p.Disconnect("a.src")
	if _, err := a.Read(make([]byte, 1)); err == nil {
		t.Error("read from a connection that was ended")
	}
	send(t, b, "still there")
	expect(t, b, "still there")
	again := p.dialAs(t, "a.src")
	send(t, again, "back")
	expect(t, again, "back")
}

func TestUnknownSourceIsTurnedAway(t *testing.T) {
	p := newProxied(t)
	p.Open()
	conn := p.dialAs(t, "stranger.src")
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("read to the end: %v", err)
	}
}

// The news of an end is held like the bytes before it: a partition hides a death, too.
func TestHeldLinkHidesAnEnd(t *testing.T) {
	p := newProxied(t)
	p.Open()
	conn := p.dialAs(t, "a.src")
	send(t, conn, "x")
	expect(t, conn, "x")
	held := hold(p.in["a.src"])
	if err := conn.CloseWrite(); err != nil { // the echo ends its stream in turn
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	quiet(t, "the stream behind a held link", ended)
	held.Lift()
	if err := ends(t, "the stream", ended); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v, want EOF", err)
	}
}

func TestProxyCloseEndsHeldConnections(t *testing.T) {
	p := newProxied(t)
	p.Open()
	hold(p.out["b.src"])
	_ = p.dialAs(t, "b.src") // never gets to its target
	conn := p.dialAs(t, "a.src")
	send(t, conn, "x")
	expect(t, conn, "x")
	held := hold(p.out["a.src"])
	send(t, conn, "y")
	eventually(t, "bytes to be held", func() bool { return held.Toll().Held == 1 })
	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	if err := ends(t, "Close", closed); err != nil {
		t.Errorf("close: %v", err)
	}
	if got, _ := io.ReadAll(conn); len(got) != 0 {
		t.Errorf("read %q, which was held to the end", got)
	}
}

// tell is what a dialer sees of its connection's end.
func tell(conn net.Conn) (got string, err error) {
	all, err := io.ReadAll(conn)
	return string(all), err
}

func TestProxyResetsWhatHasLostBytes(t *testing.T) {
	for name, link := range map[string]func(proxied) *network.Link{
		"to the target":   func(p proxied) *network.Link { return p.out["a.src"] },
		"from the target": func(p proxied) *network.Link { return p.in["a.src"] },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxied(t)
			p.Open()
			a, b := p.dialAs(t, "a.src"), p.dialAs(t, "b.src")
			send(t, a, "one")
			expect(t, a, "one")
			lost := lose(link(p))
			send(t, a, "two")
			eventually(t, "bytes to be lost", func() bool { return lost.Toll().Lost == 3 })
			if got, want := lost.Lift(), (network.Toll{Lost: 3, Resets: 1}); got != want {
				t.Errorf("lifted %+v, want %+v", got, want)
			}
			if got, err := tell(a); got != "" || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("read %q, %v after bytes were lost", got, err)
			}
			send(t, b, "other")
			expect(t, b, "other")
			again := p.dialAs(t, "a.src")
			send(t, again, "again")
			expect(t, again, "again")
		})
	}
}

func TestProxyRefuses(t *testing.T) {
	p := newProxied(t)
	p.Open()
	conn := p.dialAs(t, "a.src")
	send(t, conn, "one")
	expect(t, conn, "one")
	refused := refuse(p.in["a.src"])
	if got, err := tell(conn); got != "" || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q, %v from a connection that was reset", got, err)
	}
	turnedAway := p.dialAs(t, "a.src") // knows only after the handshake
	if got, err := tell(turnedAway); got != "" || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q, %v from a connection that was refused", got, err)
	}
	if got, want := refused.Lift(), (network.Toll{Resets: 2}); got != want {
		t.Errorf("lifted %+v, want %+v", got, want)
	}
	again := p.dialAs(t, "a.src")
	send(t, again, "again")
	expect(t, again, "again")
}

func TestProxyDelaysBothWays(t *testing.T) {
	p := newProxied(t)
	p.Open()
	conn := p.dialAs(t, "a.src")
	send(t, conn, "one")
	expect(t, conn, "one")
	there, back := delay(p.out["a.src"], 10*ms), delay(p.in["a.src"], 10*ms)
	start := time.Now()
	send(t, conn, "two")
	expect(t, conn, "two")
	if took := time.Since(start); took < 20*ms { // never sooner; how much later is the machine's business
		t.Errorf("there and back in %v, want 20ms or more", took)
	}
	want := network.Toll{Delayed: 3}
	if out, in := there.Lift(), back.Lift(); out != want || in != want {
		t.Errorf("lifted %+v, %+v; want %+v", out, in, want)
	}
}
