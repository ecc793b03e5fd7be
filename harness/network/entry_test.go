package network_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"lockquake/harness/network"
)

// entered is an entry to a target.
type entered struct {
	*network.Entry
	out, in network.Link
}

func newEntered(t testing.TB, target net.Addr, encrypted *tls.Config) *entered {
	t.Helper()
	e := &entered{}
	e.Entry = must(network.NewEntry(network.Passage{
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, target.Network(), target.String())
		},
		Out: &e.out, In: &e.in, TLS: encrypted,
	}))
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func (e *entered) dial(t testing.TB) net.Conn {
	t.Helper()
	conn := must(net.Dial("tcp", e.Addr()))
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// resets fails the test unless a new connection is reset, by its first read at the latest.
func (e *entered) resets(t testing.TB) {
	t.Helper()
	conn, err := net.Dial("tcp", e.Addr())
	if err == nil {
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection that nobody takes: %v", err)
	}
}

func TestEntryLeadsOverItsLinks(t *testing.T) {
	held, free := newEntered(t, echo(t), nil), newEntered(t, echo(t), nil)
	other, waits := free.dial(t), held.dial(t)
	send(t, waits, "ping")
	expect(t, waits, "ping")
	rule := hold(&held.in)
	send(t, waits, "wait")
	send(t, other, "pass")
	expect(t, other, "pass")
	eventually(t, "the answer to be held", func() bool { return rule.Toll().Held == 4 })
	rule.Lift()
	expect(t, waits, "wait")
}

// A program that connects anew for each request leaves a trace on links that hold.
func TestEntryWhoseLinksHoldFromTheStart(t *testing.T) {
	e := newEntered(t, echo(t), nil)
	rule := hold(&e.out)
	conn := e.dial(t)
	send(t, conn, "ping")
	eventually(t, "the call to be held", func() bool { return rule.Toll().Held == 4 })
	silent(t, conn)
	_ = conn.SetDeadline(time.Now().Add(patience))
	rule.Lift()
	expect(t, conn, "ping")
}

func TestEntryOverALinkThatRefuses(t *testing.T) {
	e := newEntered(t, echo(t), nil)
	running := e.dial(t)
	send(t, running, "ping")
	expect(t, running, "ping")
	rule := refuse(&e.out)
	if _, err := running.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read over a link that refuses: %v", err)
	}
	e.resets(t)
	rule.Lift()
	conn := e.dial(t)
	send(t, conn, "again")
	expect(t, conn, "again")
}

func TestEntryToNobody(t *testing.T) {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	_ = listener.Close()
	newEntered(t, listener.Addr(), nil).resets(t)
}

// Whatever its connections wait for, Close does not.
func TestCloseOfAnEntry(t *testing.T) {
	for name, impose := range map[string]func(*network.Link) *network.Imposed{"passing": nil, "held": hold, "lost": lose} {
		t.Run(name, func(t *testing.T) {
			e := newEntered(t, echo(t), nil)
			running := e.dial(t)
			send(t, running, "ping")
			expect(t, running, "ping")
			if impose != nil {
				impose(&e.out)
			}
			send(t, running, "more")
			calling := e.dial(t)
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			for _, conn := range []net.Conn{running, calling} {
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("a connection outlived its entry: %v", err)
				}
			}
			if _, err := net.Dial("tcp", e.Addr()); err == nil {
				t.Error("a closed entry accepts connections")
			}
		})
	}
}

// tlsEcho tells which protocol was agreed on, and sends back what it reads.
func tlsEcho(t testing.TB) net.Addr {
	t.Helper()
	certificate := must(must(network.NewAuthority()).Certificate("target"))
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS13}
	listener := must(tls.Listen("tcp", "127.0.0.1:0", config))
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				secure := conn.(*tls.Conn)
				if secure.Handshake() == nil {
					_, _ = io.WriteString(conn, secure.ConnectionState().NegotiatedProtocol+" ")
					_, _ = io.Copy(conn, conn)
				}
			}()
		}
	}()
	return listener.Addr()
}

func TestEntryEncryptsForItsTarget(t *testing.T) {
	e := newEntered(t, tlsEcho(t), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	for said, want := range map[string]string{
		"PRI * HTTP/2.0": "h2 PRI * HTTP/2.0",
		"POST /v3/kv":    "http/1.1 POST /v3/kv",
		"PUT /":          "http/1.1 PUT /",
	} {
		conn := e.dial(t)
		send(t, conn, said)
		expect(t, conn, want)
	}
	verifying := newEntered(t, tlsEcho(t), &tls.Config{ServerName: "target", MinVersion: tls.VersionTLS12})
	conn := verifying.dial(t)
	send(t, conn, "PRI")
	if n, err := io.Copy(io.Discard, conn); n > 0 {
		t.Errorf("%d bytes of a target that nobody vouches for, %v", n, err)
	}
}
