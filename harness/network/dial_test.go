package network_test

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/network"
)

// caller dials an echo.
func caller(t testing.TB) func(context.Context) (net.Conn, error) {
	address := echo(t)
	return func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, address.Network(), address.String())
	}
}

func nobody(context.Context) (net.Conn, error) { return nil, os.ErrPermission }

func TestDialWaitsForItsLinks(t *testing.T) {
	for name, c := range map[string]struct {
		dial   func(context.Context) (net.Conn, error)
		impose func(*network.Link) *network.Imposed
		want   error
	}{
		"held, answered":   {caller(t), hold, nil},
		"held, turned off": {nobody, hold, os.ErrPermission},
		"lost, answered":   {caller(t), lose, nil},
		"lost, turned off": {nobody, lose, os.ErrPermission},
	} {
		for faulted := range 2 {
			t.Run(name, func(t *testing.T) {
				var links [2]network.Link
				rule := c.impose(&links[faulted])
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if _, err := network.Dial(ctx, c.dial, &links[0], &links[1]); !errors.Is(err, context.Canceled) {
					t.Errorf("dialed over a faulted link: %v", err)
				}
				rule.Lift()
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

func TestDialIsRefused(t *testing.T) {
	dial := caller(t)
	for refusing, name := range []string{"out", "in"} {
		t.Run(name, func(t *testing.T) {
			var links [2]network.Link
			rule := refuse(&links[refusing])
			if _, err := network.Dial(t.Context(), dial, &links[0], &links[1]); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("dialed over a link that refuses: %v", err)
			}
			if got, want := rule.Lift(), (network.Toll{Resets: 1}); got != want {
				t.Errorf("lifted %+v, want %+v", got, want)
			}
			conn, err := network.Dial(t.Context(), dial, &links[0], &links[1])
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
		})
	}
}

func TestDialThatWaitsIsRefused(t *testing.T) {
	var out, in network.Link
	held := hold(&out)
	defer held.Lift()
	dialed := make(chan error, 1)
	go func() {
		_, err := network.Dial(t.Context(), nobody, &out, &in)
		dialed <- err
	}()
	quiet(t, "a call over a held link", dialed)
	defer refuse(&out).Lift()
	if err := ends(t, "the call", dialed); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialed: %v", err)
	}
}

// A rule that comes while the call is under way must not miss the connection.
func TestDialIsRefusedInFlight(t *testing.T) {
	var out, in network.Link
	near, far := net.Pipe()
	dial := func(context.Context) (net.Conn, error) {
		refuse(&out)
		return near, nil
	}
	if _, err := network.Dial(t.Context(), dial, &out, &in); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialed: %v", err)
	}
	if _, err := far.Read(make([]byte, 1)); err == nil {
		t.Error("the other end was not closed")
	}
}

func TestDialIsDelayedBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, in network.Link
		delay(&out, 30*time.Millisecond)
		delay(&in, 20*time.Millisecond)
		start := time.Now()
		if _, err := network.Dial(t.Context(), nobody, &out, &in); !errors.Is(err, os.ErrPermission) {
			t.Errorf("dialed: %v", err)
		}
		if took := time.Since(start); took != 50*time.Millisecond {
			t.Errorf("the call and its answer took %v, want 50ms", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := network.Dial(ctx, nobody, &out, &in); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dialed for 10ms: %v", err)
		}
	})
}
