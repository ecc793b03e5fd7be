package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

// testLost tries what both faults have in common that lose what goes one way.
func testLost(t *testing.T, fault nemesis.Fault, cut string) {
	holder := injection{fault: fault, members: 3, role: nemesis.Holder, to: holderOfLease, cut: cut,
		did: []string{"linger c3"}, undid: []string{"leave c3"}}
	holder.want = seen("3 bytes lost, 3 connections reset; its lease had ended")
	bubble(t, "bytes were lost", holder.run)
	holder.silent, holder.want = true, unseen("0 bytes lost, 0 connections reset; its lease had ended")
	bubble(t, "nothing was sent", holder.run)
	waiter := injection{fault: fault, members: 3, role: nemesis.Waiter, to: "c3, waiter of k1 under lease 4f0a", cut: cut,
		then: (*world).leaseLives, want: seen("3 bytes lost, 3 connections reset; its lease was alive")}
	bubble(t, "a waiter", waiter.run)
}

func TestMutedClientLosesRequests(t *testing.T) {
	testLost(t, nemesis.MuteClient{}, "c3>0 c3>1 c3>2")
}
