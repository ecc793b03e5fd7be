package network_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"lockquake/harness/network"
)

func TestRefusedConnectionsAreReset(t *testing.T) {
	for name, refusing := range map[string]func(out, in *network.Link) *network.Link{
		"out": func(out, _ *network.Link) *network.Link { return out },
		"in":  func(_, in *network.Link) *network.Link { return in },
	} {
		t.Run(name, func(t *testing.T) {
			var out, in, elsewhere network.Link
			near, far := pair(t, &out, &in)
			closed, _ := pair(t, &out, &in)
			bystander, _ := pair(t, &elsewhere, &elsewhere)
			_ = closed.Close()
			refused := refuse(refusing(&out, &in))
			gone(t, near)
			gone(t, far)
			silent(t, bystander)
			if got, want := refused.Lift(), (network.Toll{Resets: 1}); got != want {
				t.Errorf("lifted %+v, want %+v", got, want)
			}
		})
	}
}

func TestRefusedWhatIsHeldAndDelayed(t *testing.T) {
	var out, in network.Link
	near, far := pair(t, &out, &in)
	defer hold(&out).Lift()
	defer delay(&in, time.Hour).Lift()
	send(t, near, "held")
	send(t, far, "delayed")
	defer refuse(&out).Lift()
	gone(t, near)
	gone(t, far)
}

func TestWrappedOverALinkThatRefuses(t *testing.T) {
	near, far := net.Pipe()
	var out, in network.Link
	refused := refuse(&out)
	gone(t, wrap(t, near, &out, &in))
	if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the other end read %v, want EOF", err)
	}
	if toll := refused.Lift(); toll.Resets != 1 {
		t.Errorf("reset %d connections, want 1", toll.Resets)
	}
}
