package nemesis_test

import (
	"testing"
	"time"

	"lockquake/harness/nemesis"
)

func TestOverstayGoesOnBeyondTheTTL(t *testing.T) {
	overstay := injection{fault: nemesis.Overstay{}, members: 3, role: nemesis.Holder, to: holderOfLease,
		did: []string{"linger c3"}, undid: []string{"leave c3"}}
	for name, change := range map[string]func(*injection){
		"it stayed, and was renewed": func(c *injection) {
			c.then = func(w *world) { w.stayed = true; w.leaseLives(); time.Sleep(ttl + time.Second) }
			c.want = seen("its critical section went on for 3s under a TTL of 2s; its lease was alive")
		},
		"it ended with its lease": func(c *injection) {
			c.then = func(*world) { time.Sleep(ttl + time.Second) }
			c.want = seen("its critical section had ended; its lease had ended")
		},
		"it ended too early": func(c *injection) {
			c.then = func(w *world) { w.leaseLives(); time.Sleep(ttl + time.Second) }
			c.want = unseen("its critical section had ended; its lease was alive")
		},
		"it was healed too early": func(c *injection) {
			c.then = func(w *world) { w.stayed = true; w.leaseLives(); time.Sleep(ttl - time.Second) }
			c.want = unseen("its critical section went on for 1s under a TTL of 2s; its lease was alive")
		},
	} {
		c := overstay
		change(&c)
		bubble(t, name, c.run)
	}
}
