package nemesis_test

import (
	"io"
	"net"
	"testing"
	"time"

	"lockquake/harness/nemesis"
	"lockquake/harness/network"
)

func TestSlowClientIsEvidentFromLateBytes(t *testing.T) {
	c := injection{fault: nemesis.SlowClient{}, members: 3, role: nemesis.Holder, to: holderOfLease, cut: allOfC3,
		want: seen("6 bytes came late")}
	bubble(t, "late", c.run)
	c.silent, c.want = true, unseen("0 bytes came late")
	bubble(t, "nothing was sent", c.run)
}

// Each link is late in its own way, and in another under another draw.
func TestJitterFollowsTheDraw(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for pick := range 2 {
			w := members(3)
			target := w.target(nemesis.Holder)
			target.Pick = 100 * pick
			inject(t, nemesis.SlowClient{}, target)
			for _, name := range []string{"c3>0", "0>c3"} {
				late := lateness(t, w.link(name))
				if late < ttl/8 || late > ttl*3/8 {
					t.Errorf("%s is %v late under a TTL of %v", name, late, ttl)
				}
				seen[late] = true
			}
		}
		if len(seen) != 4 {
			t.Errorf("four links are late by %v only", seen)
		}
	})
}

// lateness is how long a byte takes over a link.
func lateness(t *testing.T, l *network.Link) time.Duration {
	here, there := net.Pipe()
	conn := network.Wrap(here, l, new(network.Link))
	defer func() { _, _ = conn.Close(), there.Close() }()
	began := time.Now()
	if _, err := conn.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(there, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}
