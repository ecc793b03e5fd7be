package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

// m1 leads, and is all that is left to c3.
func TestStrandedClientIsEvidentFromAnotherLeader(t *testing.T) {
	stranded := injection{fault: nemesis.Strand{}, members: 3, role: nemesis.Holder, to: holderOfLease + "; m1 leads term 4",
		did: []string{"linger c3"}, cut: "0>1 1>0 1>2 2>1 c3>0 0>c3 c3>2 2>c3", undid: []string{"leave c3"}}
	for name, change := range map[string]func(*injection){
		"another leader": func(c *injection) {
			c.then = (*world).m2LeadsTerm5
			c.want = seen("m2 leads term 5 after m1; 4 bytes between members and 4 of the client held back; its lease had ended")
		},
		"it leads on": func(c *injection) {
			c.want = unseen("no other leader seen after m1; 4 bytes between members and 4 of the client held back; its lease had ended")
		},
		"members sent nothing": func(c *injection) {
			c.silent, c.then = true, (*world).m2LeadsTerm5
			c.want = unseen("m2 leads term 5 after m1; 0 bytes between members and 0 of the client held back; its lease had ended")
		},
	} {
		c := stranded
		change(&c)
		bubble(t, name, c.run)
	}
}
