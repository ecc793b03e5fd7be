package nemesis_test

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"lockquake/harness/nemesis"
)

func TestStarvedLeaseIsEvidentFromItsEnd(t *testing.T) {
	starved := injection{fault: nemesis.StarveLease{}, members: 3, role: nemesis.Holder, to: holderOfLease,
		did: []string{"linger c3", "lose requests of c3"}, undid: []string{"leave c3", "stop losing"}}
	for name, change := range map[string]func(*injection){
		"ended": func(c *injection) {
			c.then, c.want = loses(4), seen("4 renewals lost; its lease had ended")
		},
		"alive all the same": func(c *injection) {
			c.then = func(w *world) { loses(4)(w); w.leaseLives() }
			c.want = unseen("4 renewals lost; its lease was alive")
		},
		"nothing was sent": func(c *injection) {
			c.want = unseen("0 renewals lost; its lease had ended")
		},
	} {
		c := starved
		change(&c)
		bubble(t, name, c.run)
	}
}

func loses(n int) func(*world) { return func(w *world) { w.lost = n } }

func TestOnlyRenewalsAreStarved(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := members(1)
		inject(t, nemesis.StarveLease{}, w.target(nemesis.Holder))
		if !w.match(&pb.LeaseKeepAliveRequest{ID: 7}) || w.match(&pb.LeaseGrantRequest{TTL: 2}) || w.match(then(put(7))) {
			t.Error("it is not exactly renewals that are lost")
		}
	})
}
