package network_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lockquake/harness/network"
)

// pair is a connection over two links, and its other end.
func pair(t testing.TB, out, in *network.Link) (near *network.Conn, far net.Conn) {
	t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	defer func() { _ = listener.Close() }()
	near = wrap(t, dial(t, listener.Addr()), out, in)
	far = must(listener.Accept())
	t.Cleanup(func() { _ = far.Close() })
	return near, far
}

// gone fails the test when a connection is not reset, or brings anything before that is noticed.
func gone(t testing.TB, conn net.Conn) {
	t.Helper()
	if got, err := io.ReadAll(conn); len(got) > 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q, %v from a connection that should be reset", got, err)
	}
}

// near: a ---|lost: b c |------ reset
// far:    a            | d      reset
func TestRequestsLostRepliesNot(t *testing.T) {
	var out, in network.Link
	near, far := pair(t, &out, &in)
	send(t, near, "a")
	expect(t, far, "a")
	lost := lose(&out)
	send(t, near, "b")
	send(t, near, "c")
	silent(t, far)
	send(t, far, "d")
	expect(t, near, "d")
	if got, want := lost.Lift(), (network.Toll{Lost: 2, Resets: 1}); got != want {
		t.Errorf("lifted %+v, want %+v", got, want)
	}
	gone(t, near)
	gone(t, far)
	if _, err := io.WriteString(near, "e"); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write after a reset: %v", err)
	}
}

func TestRepliesLostRequestsNot(t *testing.T) {
	var out, in network.Link
	near, far := pair(t, &out, &in)
	lost := lose(&in)
	send(t, near, "a")
	expect(t, far, "a")
	send(t, far, "bcd")
	silent(t, near)
	eventually(t, "the reply to be lost", func() bool { return lost.Toll().Lost == 3 })
	send(t, near, "e")
	expect(t, far, "e")
	if got, want := lost.Lift(), (network.Toll{Lost: 3, Resets: 1}); got != want {
		t.Errorf("lifted %+v, want %+v", got, want)
	}
	gone(t, near)
	gone(t, far)
}

func TestConnectionThatLostNothingGoesOn(t *testing.T) {
	var out, in network.Link
	conn, far := pair(t, &out, &in)
	other, _ := pair(t, &out, &in)
	lost := lose(&out)
	send(t, other, "x")
	if toll := lost.Lift(); toll.Resets != 1 {
		t.Errorf("reset %d connections, want 1", toll.Resets)
	}
	gone(t, other)
	send(t, conn, "a")
	expect(t, far, "a")
}

func TestHeldBytesCanStillBeLost(t *testing.T) {
	var out, in network.Link
	near, far := pair(t, &out, &in)
	held := hold(&out)
	send(t, near, "abc")
	lost := lose(&out)
	eventually(t, "what was held to be lost", func() bool { return lost.Toll().Lost == 3 })
	held.Lift()
	silent(t, far)
	lost.Lift()
	gone(t, far)
}

func TestLostUntilTheLastSuchRuleIsLifted(t *testing.T) {
	var out, in network.Link
	near, far := pair(t, &out, &in)
	first, last := lose(&out), lose(&out)
	send(t, near, "a")
	if got, want := first.Lift(), (network.Toll{Lost: 1}); got != want {
		t.Errorf("first lifted %+v, want %+v", got, want)
	}
	send(t, near, "b")
	silent(t, far)
	if got, want := last.Lift(), (network.Toll{Lost: 2, Resets: 1}); got != want {
		t.Errorf("last lifted %+v, want %+v", got, want)
	}
	gone(t, near)
	gone(t, far)
}

// An end is not lost: it comes when it may, unless the connection is reset before.
func TestEndWaitsForALossToPass(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want error
	}{"nothing lost": {"", nil}, "bytes lost": {"x", syscall.ECONNRESET}} {
		t.Run(name, func(t *testing.T) {
			var out, in network.Link
			near, far := pair(t, &out, &in)
			lost := lose(&out)
			send(t, near, c.text)
			closed := make(chan error, 1)
			go func() { closed <- near.CloseWrite() }()
			quiet(t, "the end of a stream", closed)
			lost.Lift()
			if err := ends(t, "CloseWrite", closed); !errors.Is(err, c.want) {
				t.Errorf("closed for writing: %v, want %v", err, c.want)
			}
			if _, err := io.ReadAll(far); !errors.Is(err, c.want) {
				t.Errorf("the other end read %v, want %v", err, c.want)
			}
		})
	}
}

// closer does something when it is closed.
type closer struct {
	net.Conn
	closing func()
}

func (c closer) Close() error {
	c.closing()
	return c.Conn.Close()
}

// One connection's reset comes before the link passes again: another, that sends meanwhile, loses that, and
// is reset in turn.
func TestLostUntilAllAreReset(t *testing.T) {
	var out, in network.Link
	other, far := pair(t, &out, &in)
	near, _ := net.Pipe()
	conn := wrap(t, closer{near, func() { send(t, other, "late") }}, &out, &in)
	lost := lose(&out)
	send(t, conn, "x")
	if got, want := lost.Lift(), (network.Toll{Lost: 5, Resets: 2}); got != want {
		t.Errorf("lifted %+v, want %+v", got, want)
	}
	gone(t, conn)
	gone(t, far)
}

// What arrives is what was sent, from its start and without a gap, whatever comes and goes on the links.
func TestNoConnectionEverSkipsBytes(t *testing.T) {
	var out, in network.Link
	var connections, shaking sync.WaitGroup
	var arrived atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var toll network.Toll
	shaking.Go(func() { toll = shake(ctx, &out, &in) })
	for range 4 {
		connections.Go(func() {
			for range 25 {
				near, far := pair(t, &out, &in)
				var ends sync.WaitGroup
				ends.Go(func() { count(near) })
				ends.Go(func() { count(far) })
				ends.Go(func() { arrived.Add(verify(t, near)) })
				ends.Go(func() { arrived.Add(verify(t, far)) })
				ends.Wait()
			}
		})
	}
	connections.Wait()
	cancel()
	shaking.Wait()
	if arrived.Load() == 0 || toll.Lost == 0 || toll.Held == 0 || toll.Delayed == 0 || toll.Resets == 0 {
		t.Errorf("%d numbers arrived; %+v", arrived.Load(), toll)
	}
}

// shake imposes rules and lifts them until ctx ends, and tells what they did.
func shake(ctx context.Context, out, in *network.Link) (sum network.Toll) {
	for ctx.Err() == nil {
		for _, rules := range [][2]*network.Imposed{
			{lose(out), hold(in)},
			{hold(out), lose(in)},
			{delay(out, time.Millisecond), delay(in, time.Microsecond)},
		} {
			time.Sleep(100 * time.Microsecond)
			for _, i := range rules {
				toll := i.Lift()
				sum.Held += toll.Held
				sum.Lost += toll.Lost
				sum.Delayed += toll.Delayed
				sum.Resets += toll.Resets
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
	return sum
}

// count sends the numbers from 0.
func count(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for i := range uint64(2000) {
		if _, err := conn.Write(binary.BigEndian.AppendUint64(nil, i)); err != nil {
			return
		}
	}
}

// verify reads such numbers, as many as arrive.
func verify(t testing.TB, conn net.Conn) (arrived int64) {
	for p := make([]byte, 8); ; arrived++ {
		if _, err := io.ReadFull(conn, p); err != nil {
			return arrived
		}
		if got := int64(binary.BigEndian.Uint64(p)); got != arrived {
			t.Errorf("read %d, want %d", got, arrived)
			return arrived
		}
	}
}
