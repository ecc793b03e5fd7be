package network_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
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

func hold(l *network.Link) { l.Set(network.Rule{Held: true}) }

func pass(l *network.Link) int64 { return l.Set(network.Rule{}) }

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

func TestPassCarriesBothWays(t *testing.T) {
	conn, out, in := linked(t)
	send(t, conn, "ping")
	expect(t, conn, "ping")
	if out.Held() != 0 || in.Held() != 0 {
		t.Errorf("held %d out, %d in on links that pass", out.Held(), in.Held())
	}
}

func TestHeldWritesArriveWholeAndInOrder(t *testing.T) {
	conn, out, _ := linked(t)
	send(t, conn, "a")
	expect(t, conn, "a")
	hold(out)
	send(t, conn, "bc")
	send(t, conn, "def")
	silent(t, conn)
	if held := out.Held(); held != 5 {
		t.Errorf("held %d bytes, want 5", held)
	}
	if held := pass(out); held != 5 || out.Held() != 0 {
		t.Errorf("healed %d bytes, want 5; then held %d, want 0", held, out.Held())
	}
	send(t, conn, "g")
	expect(t, conn, "bcdefg")
}

func TestHeldReadsArriveWholeAndInOrder(t *testing.T) {
	conn, out, in := linked(t)
	hold(in)
	send(t, conn, "abc")
	silent(t, conn) // the bytes came, ran into the deadline and must not be lost
	send(t, conn, "def")
	if in.Held() == 0 || out.Held() != 0 {
		t.Errorf("held %d in, want some; %d out, want none", in.Held(), out.Held())
	}
	pass(in)
	expect(t, conn, "abcdef")
}

func TestReadThatBeganBeforeTheHoldWaits(t *testing.T) {
	conn, _, in := linked(t)
	read := make(chan string, 1)
	go func() {
		p := make([]byte, 8)
		n, _ := conn.Read(p)
		read <- string(p[:n])
	}()
	hold(in)
	send(t, conn, "late")
	eventually(t, "the answer to be held", func() bool { return in.Held() == 4 })
	quiet(t, "a read through a held link", read)
	pass(in)
	if got := ends(t, "read", read); got != "late" {
		t.Errorf("read %q, want late", got)
	}
}

func TestManyWritesAcrossManyChangesStayInOrder(t *testing.T) {
	conn, out, in := linked(t)
	var want bytes.Buffer
	go func() {
		for i := range 200 {
			rule := network.Rule{Held: i%2 == 0}
			out.Set(rule)
			in.Set(rule)
			time.Sleep(50 * time.Microsecond)
		}
	}()
	for i := range 5000 {
		want.WriteByte(byte(i))
		want.WriteByte(byte(i >> 8))
	}
	all := want.Bytes()
	go func() {
		for i := 0; i < len(all); i += 20 {
			_, _ = conn.Write(all[i : i+20])
		}
	}()
	expect(t, conn, want.String())
}

func TestHeldLinkFillsUpThenBlocks(t *testing.T) {
	conn, out, _ := linked(t)
	hold(out)
	full := make(chan int, 1)
	_ = conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	go func() {
		writes := 0
		for {
			if _, err := conn.Write([]byte("x")); err != nil {
				full <- writes
				return
			}
			writes++
		}
	}()
	writes := ends(t, "writes to a full link", full)
	_ = conn.SetWriteDeadline(time.Time{})
	pass(out)
	expect(t, conn, string(bytes.Repeat([]byte("x"), writes)))
	silent(t, conn) // what was refused is not sent after all
}

func TestCloseEndsHeldReadsAndWrites(t *testing.T) {
	conn, out, in := linked(t)
	hold(in)
	send(t, conn, "x")
	read, written := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	eventually(t, "a read to be held", func() bool { return in.Held() == 1 })
	hold(out)
	go func() {
		for {
			if _, err := conn.Write([]byte("x")); err != nil {
				written <- err
				return
			}
		}
	}()
	eventually(t, "a write to be held", func() bool { return out.Held() > 0 })
	_ = conn.Close()
	if err := ends(t, "read", read); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if err := ends(t, "write", written); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
}

func TestDeadlineSetLaterEndsAHeldRead(t *testing.T) {
	conn, _, in := linked(t)
	hold(in)
	send(t, conn, "x")
	read := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	eventually(t, "a read to be held", func() bool { return in.Held() == 1 })
	_ = conn.SetDeadline(time.Now())
	if err := ends(t, "read", read); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read past its deadline: %v", err)
	}
}

func TestOneLinkHoldsAllItsConnections(t *testing.T) {
	address, out, in := echo(t), new(network.Link), new(network.Link)
	a, b := wrap(t, dial(t, address), out, in), wrap(t, dial(t, address), out, in)
	hold(out)
	send(t, a, "a")
	send(t, b, "bb")
	if held := pass(out); held != 3 {
		t.Errorf("held %d bytes, want 3", held)
	}
	expect(t, a, "a")
	expect(t, b, "bb")
}

func TestCloseWriteWaitsForItsTurn(t *testing.T) {
	conn, out, _ := linked(t)
	hold(out)
	send(t, conn, "last words")
	closed := make(chan error, 1)
	go func() { closed <- conn.CloseWrite() }()
	silent(t, conn)
	pass(out)
	if err := ends(t, "CloseWrite", closed); err != nil {
		t.Errorf("close for writing: %v", err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != "last words" {
		t.Errorf("read %q, %v; want last words", got, err)
	}
}

func TestDialTravelsOverTheLinks(t *testing.T) {
	address := echo(t)
	call := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, address.Network(), address.String())
	}
	refuse := func(context.Context) (net.Conn, error) { return nil, os.ErrPermission }
	for name, c := range map[string]struct {
		dial func(context.Context) (net.Conn, error)
		want error
	}{"answered": {call, nil}, "refused": {refuse, os.ErrPermission}} {
		for held := range 2 {
			t.Run(name, func(t *testing.T) {
				links := [2]network.Link{}
				hold(&links[held])
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if _, err := network.Dial(ctx, c.dial, &links[0], &links[1]); !errors.Is(err, context.Canceled) {
					t.Errorf("dialed over a held link: %v", err)
				}
				pass(&links[held])
				conn, err := network.Dial(t.Context(), c.dial, &links[0], &links[1])
				if !errors.Is(err, c.want) {
					t.Errorf("dialed: %v; want %v", err, c.want)
				}
				if conn != nil {
					_ = conn.Close()
				}
			})
		}
	}
}

// In a bubble of testing/synctest an hour behind a held link takes no time: nothing polls, and all
// who wait can be seen to wait.
func TestHeldForAnHourOfVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var out, in network.Link
		conn := wrap(t, near, &out, &in)
		hold(&out)
		send(t, conn, "late")
		start := time.Now()
		time.AfterFunc(time.Hour, func() { pass(&out) })
		expect(t, far, "late")
		if waited := time.Since(start); waited != time.Hour {
			t.Errorf("waited %v, want 1h", waited)
		}
	})
}
