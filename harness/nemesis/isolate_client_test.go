package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

const allOfC3 = "c3>0 0>c3 c3>1 1>c3 c3>2 2>c3"

// A holder works on in its critical section, a waiter has none.
func TestIsolatedClientIsEvidentFromHeldBytes(t *testing.T) {
	holder := injection{fault: nemesis.IsolateClient{}, members: 3, role: nemesis.Holder, to: holderOfLease,
		did: []string{"linger c3"}, cut: allOfC3, undid: []string{"leave c3"}}
	for name, change := range map[string]func(*injection){
		"lease ended": func(c *injection) { c.want = seen("6 bytes held back; its lease had ended") },
		"lease alive": func(c *injection) {
			c.then, c.want = (*world).leaseLives, seen("6 bytes held back; its lease was alive")
		},
		"lease unknown": func(c *injection) {
			c.then, c.want = (*world).leaseIsUnknown, seen("6 bytes held back; its lease could not be asked for")
		},
		"no lease": func(c *injection) {
			c.lease, c.to, c.want = "none", "c3, holder of k1 without a lease", seen("6 bytes held back; there was no lease")
		},
		"nothing was sent": func(c *injection) {
			c.silent, c.want = true, unseen("0 bytes held back; its lease had ended")
		},
		"a waiter": func(c *injection) {
			c.role, c.to, c.did, c.undid = nemesis.Waiter, "c3, waiter of k1 under lease 4f0a", nil, nil
			c.want = seen("6 bytes held back; its lease had ended")
		},
	} {
		c := holder
		change(&c)
		bubble(t, name, c.run)
	}
}
