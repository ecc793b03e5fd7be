package network_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lockquake/harness/network"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests; none of them is expected to use it up.
const patience = 10 * time.Second

// echo is a server that sends back what it reads, until the client ends its stream.
func echo(t testing.TB) net.Addr {
	t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr()
}

func dial(t testing.TB, address net.Addr) net.Conn {
	t.Helper()
	conn := must(net.Dial(address.Network(), address.String()))
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// linked is a connection to an echo with a link in each direction.
func linked(t testing.TB) (conn *network.Conn, out, in *network.Link) {
	t.Helper()
	out, in = new(network.Link), new(network.Link)
	return wrap(t, dial(t, echo(t)), out, in), out, in
}

func wrap(t testing.TB, conn net.Conn, out, in *network.Link) *network.Conn {
	t.Helper()
	wrapped := network.Wrap(conn, out, in)
	t.Cleanup(func() { _ = wrapped.Close() })
	return wrapped
}

func hold(l *network.Link) *network.Imposed { return l.Impose(network.Rule{Held: true}) }

func lose(l *network.Link) *network.Imposed { return l.Impose(network.Rule{Lost: true}) }

func refuse(l *network.Link) *network.Imposed { return l.Impose(network.Rule{Refused: true}) }

func delay(l *network.Link, d time.Duration) *network.Imposed {
	return l.Impose(network.Rule{Delay: d})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// send writes text and fails the test when it cannot.
func send(t testing.TB, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatalf("write %q: %v", text, err)
	}
}

// expect reads as much as want and fails the test when it is something else.
func expect(t testing.TB, conn net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

// silent fails the test when anything but the deadline ends a read.
func silent(t testing.TB, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v from a connection that should be silent", n, err)
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// ends waits until f returns.
func ends[T any](t testing.TB, what string, f <-chan T) T {
	t.Helper()
	select {
	case v := <-f:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s to end", patience, what)
		panic("unreachable")
	}
}

// quiet fails the test when f ends though it should not.
func quiet[T any](t testing.TB, what string, f <-chan T) {
	t.Helper()
	select {
	case v := <-f:
		t.Fatalf("%s ended with %v", what, v)
	case <-time.After(20 * time.Millisecond):
	}
}
