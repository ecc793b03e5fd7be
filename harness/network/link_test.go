package network

import (
	"net"
	"testing"
)

// A rule that comes while a connection joins its links, and resets it, must not leave it on the second for ever.
// No other test can come between the two.
func TestConnectionResetBeforeItHasJoinedBoth(t *testing.T) {
	for name, c := range map[string]struct {
		rule Rule
		left int
	}{"reset": {Rule{Refused: true}, 0}, "not reset": {Rule{}, 1}} {
		t.Run(name, func(t *testing.T) {
			var out, in Link
			conn := newConn(&out, &in)
			conn.Conn, _ = net.Pipe()
			if err := out.join(conn); err != nil {
				t.Fatal(err)
			}
			defer out.Impose(c.rule).Lift()
			if err := in.join(conn); err != nil {
				t.Fatal(err)
			}
			if len(out.torn) != c.left || len(in.torn) != c.left {
				t.Errorf("%d and %d connections left, want %d", len(out.torn), len(in.torn), c.left)
			}
		})
	}
}
