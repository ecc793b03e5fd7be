package network_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/network"
)

func TestPassCarriesBothWays(t *testing.T) {
	conn, _, _ := linked(t)
	send(t, conn, "ping")
	expect(t, conn, "ping")
}

func TestHeldWritesArriveWholeAndInOrder(t *testing.T) {
	conn, out, _ := linked(t)
	send(t, conn, "a")
	expect(t, conn, "a")
	held := hold(out)
	send(t, conn, "bc")
	send(t, conn, "def")
	silent(t, conn)
	want := network.Toll{Held: 5}
	if got := held.Lift(); got != want {
		t.Errorf("lifted %+v, want %+v", got, want)
	}
	send(t, conn, "g")
	expect(t, conn, "bcdefg")
	if got := held.Lift(); got != want {
		t.Errorf("lifted again %+v, want %+v", got, want)
	}
}

func TestHeldReadsArriveWholeAndInOrder(t *testing.T) {
	conn, _, in := linked(t)
	held := hold(in)
	send(t, conn, "abc")
	silent(t, conn) // the bytes came, ran into the deadline and must not be lost
	send(t, conn, "def")
	silent(t, conn)
	eventually(t, "all bytes to be held", func() bool { return held.Toll().Held == 6 })
	held.Lift()
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
	held := hold(in)
	send(t, conn, "late")
	eventually(t, "the answer to be held", func() bool { return held.Toll().Held == 4 })
	quiet(t, "a read through a held link", read)
	held.Lift()
	if got := ends(t, "read", read); got != "late" {
		t.Errorf("read %q, want late", got)
	}
}

func TestManyWritesAcrossManyChangesStayInOrder(t *testing.T) {
	conn, out, in := linked(t)
	var want bytes.Buffer
	go func() {
		for i := range 200 {
			there, back := hold(out), delay(in, time.Duration(i)*time.Microsecond)
			time.Sleep(50 * time.Microsecond)
			there.Lift()
			back.Lift()
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

// In a bubble the deadline is past only when the writer blocks and nothing else can happen.
func TestHeldLinkFillsUpThenBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var out network.Link
		conn := wrap(t, near, &out, new(network.Link))
		held := hold(&out)
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		mebibyte := make([]byte, 1<<20)
		writes := 0
		var err error
		for ; err == nil; writes++ {
			_, err = conn.Write(mebibyte)
		}
		taken := int64(writes-1) << 20
		if !errors.Is(err, os.ErrDeadlineExceeded) || taken == 0 || held.Toll().Held != taken {
			t.Errorf("wrote %d bytes, then %v; %d held", taken, err, held.Toll().Held)
		}
		_ = conn.SetWriteDeadline(time.Time{})
		held.Lift()
		go func() { _ = conn.CloseWrite() }()
		got, _ := io.Copy(io.Discard, far)
		if got != taken { // what was refused is not sent after all
			t.Errorf("%d bytes arrived of %d", got, taken)
		}
	})
}

func TestWriteThatFailsLaterBreaksTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var out network.Link
		conn := wrap(t, near, &out, new(network.Link))
		held := hold(&out)
		send(t, conn, "x")
		_ = far.Close()
		send(t, conn, "y") // nothing has told yet
		held.Lift()
		synctest.Wait()
		if _, err := conn.Write([]byte("z")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("write to a broken connection: %v", err)
		}
	})
}

// A byte waits under one rule and then under another, too. Neither counts it again when others come and go.
func TestBytesAreCountedOnceByEachRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var out network.Link
		conn := wrap(t, near, &out, new(network.Link))
		first := hold(&out)
		send(t, conn, "a")
		synctest.Wait()
		second := hold(&out)
		synctest.Wait()
		for range 3 {
			delay(&out, time.Hour).Lift()
			synctest.Wait()
		}
		want := network.Toll{Held: 1}
		if got := first.Lift(); got != want {
			t.Errorf("first rule %+v, want %+v", got, want)
		}
		synctest.Wait()
		if got := second.Lift(); got != want {
			t.Errorf("second rule %+v, want %+v", got, want)
		}
		expect(t, far, "a")
	})
}

func TestCloseEndsHeldReadsAndWrites(t *testing.T) {
	conn, out, in := linked(t)
	held := hold(in)
	send(t, conn, "x")
	read, written := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	eventually(t, "a read to be held", func() bool { return held.Toll().Held == 1 })
	sent := hold(out)
	go func() {
		for {
			if _, err := conn.Write(make([]byte, 1<<20)); err != nil {
				written <- err
				return
			}
		}
	}()
	eventually(t, "a write to be held", func() bool { return sent.Toll().Held > 0 })
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
	held := hold(in)
	send(t, conn, "x")
	read := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	eventually(t, "a read to be held", func() bool { return held.Toll().Held == 1 })
	_ = conn.SetDeadline(time.Now())
	if err := ends(t, "read", read); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read past its deadline: %v", err)
	}
}

func TestWritePastItsDeadlineFailsThoughThereIsRoom(t *testing.T) {
	conn, out, _ := linked(t)
	held := hold(out)
	_ = conn.SetDeadline(time.Now().Add(-time.Second))
	if _, err := conn.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write past its deadline: %v", err)
	}
	_ = conn.SetDeadline(time.Time{})
	send(t, conn, "y")
	held.Lift()
	expect(t, conn, "y")
}

func TestOneLinkHoldsAllItsConnections(t *testing.T) {
	address, out, in := echo(t), new(network.Link), new(network.Link)
	a, b := wrap(t, dial(t, address), out, in), wrap(t, dial(t, address), out, in)
	held := hold(out)
	send(t, a, "a")
	send(t, b, "bb")
	if toll := held.Lift(); toll.Held != 3 {
		t.Errorf("held %d bytes, want 3", toll.Held)
	}
	expect(t, a, "a")
	expect(t, b, "bb")
}

func TestCloseWriteWaitsForItsTurn(t *testing.T) {
	conn, out, _ := linked(t)
	held := hold(out)
	send(t, conn, "last words")
	closed := make(chan error, 1)
	go func() { closed <- conn.CloseWrite() }()
	silent(t, conn)
	held.Lift()
	if err := ends(t, "CloseWrite", closed); err != nil {
		t.Errorf("close for writing: %v", err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || string(got) != "last words" {
		t.Errorf("read %q, %v; want last words", got, err)
	}
}

// In a bubble of testing/synctest an hour behind a held link takes no time: nothing polls, and all
// who wait can be seen to wait.
func TestHeldForAnHourOfVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var out, in network.Link
		conn := wrap(t, near, &out, &in)
		held := hold(&out)
		send(t, conn, "late")
		start := time.Now()
		time.AfterFunc(time.Hour, func() { held.Lift() })
		expect(t, far, "late")
		if waited := time.Since(start); waited != time.Hour {
			t.Errorf("waited %v, want 1h", waited)
		}
	})
}
