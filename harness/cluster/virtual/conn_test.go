package virtual

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipe calls f in a bubble with the two ends of a connection.
func pipe(t *testing.T, f func(t *testing.T, near, far *Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := newPipe("near", "far", 1)
		f(t, near, far)
		_, _ = near.Close(), far.Close()
	})
}

// Writes have latencies of their own, and yet nothing overtakes.
func TestBytesArriveInOrderAndLate(t *testing.T) {
	pipe(t, func(t *testing.T, near, far *Conn) {
		began := time.Now()
		var want []byte
		for i := range 100 {
			want = append(want, byte(i))
			if n, err := near.Write(want[i:]); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		_ = near.CloseWrite()
		if got, err := io.ReadAll(far); !bytes.Equal(got, want) || err != nil {
			t.Errorf("read % x, error %v", got, err)
		}
		if took := time.Since(began); took < leastLatency || took > leastLatency+moreLatency {
			t.Errorf("it took %v", took)
		}
		if latencies := []time.Duration{latency(1, 1), latency(1, 2), latency(2, 1)}; len(slices.Compact(latencies)) != 3 {
			t.Errorf("latencies are %v", latencies)
		}
	})
}

func TestDeadlineEndsAReadAndLosesNothing(t *testing.T) {
	pipe(t, func(t *testing.T, near, far *Conn) {
		began := time.Now()
		_ = far.SetReadDeadline(began.Add(time.Hour))
		time.AfterFunc(time.Minute, func() { _ = far.SetReadDeadline(began.Add(time.Hour / 2)) })
		buffer := make([]byte, 10)
		if n, err := far.Read(buffer); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Hour/2 {
			t.Errorf("%d bytes, error %v after %v", n, err, time.Since(began))
		}
		_ = far.SetDeadline(time.Time{})
		_, _ = near.Write([]byte("late"))
		if n, err := far.Read(buffer); string(buffer[:n]) != "late" || err != nil {
			t.Errorf("%q, error %v", buffer[:n], err)
		}
	})
}

func TestWriterWaitsForOneWhoDoesNotRead(t *testing.T) {
	pipe(t, func(t *testing.T, near, far *Conn) {
		whole := make([]byte, capacity)
		if _, err := near.Write(whole); err != nil {
			t.Fatal(err)
		}
		_ = near.SetWriteDeadline(time.Now().Add(time.Minute))
		if _, err := near.Write([]byte("more")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		_ = near.SetWriteDeadline(time.Time{})
		time.AfterFunc(time.Minute, func() { _, _ = io.ReadFull(far, whole) })
		if n, err := near.Write([]byte("more")); n != 4 || err != nil {
			t.Errorf("%d bytes, error %v", n, err)
		}
	})
}

func TestCloseIsSeenByTheOtherEndBehindWhatWasSent(t *testing.T) {
	pipe(t, func(t *testing.T, near, far *Conn) {
		_, _ = near.Write([]byte("last words"))
		_ = near.Close()
		if got, err := io.ReadAll(far); string(got) != "last words" || err != nil {
			t.Errorf("%q, error %v", got, err)
		}
		if _, err := far.Write([]byte("?")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("error %v", err)
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("error %v", err)
		}
	})
}

func TestListenerRefusesWhenClosedAndWhenTooManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := listen("here")
		for i := range backlog {
			if _, err := l.dial(t.Context(), uint64(i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.dial(t.Context(), backlog); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error %v", err)
		}
		if conn, err := l.Accept(); conn == nil || err != nil {
			t.Error(err)
		}
		_ = l.Close()
		if _, err := l.dial(t.Context(), 0); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
