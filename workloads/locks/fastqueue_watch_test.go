package locks

import (
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// followed is a follower with one ticket, whose key was put at the revision; 0: that is not known yet.
func followed(created int64) (*follower, *ticket) {
	f, t := &follower{rule: oldest}, newTicket("me", nil)
	f.expect(t)
	t.created = created
	return f, t
}

func wantTicket(t *testing.T, got *ticket, turn, gone bool) {
	t.Helper()
	if isClosed(got.turn) != turn || isClosed(got.gone) != gone {
		t.Errorf("turn %t, gone %t; want %t, %t", isClosed(got.turn), isClosed(got.gone), turn, gone)
	}
}

// The watch lags behind the answer to the put: that the line is empty says nothing yet.
func TestTicketIsNotJudgedBeforeTheLineReachesIt(t *testing.T) {
	f, me := followed(7)
	f.take([]*clientv3.Event{came("a", 4), wentAway("a", 5)}, false)
	wantTicket(t, me, false, false)
	f.take([]*clientv3.Event{came("me", 7)}, false)
	wantTicket(t, me, true, false)
}

// The twin: the line is known up to behind the put, and the key is not there.
func TestTicketIsGoneIfTheLineIsBeyondItWithoutIt(t *testing.T) {
	f, me := followed(0)
	f.take([]*clientv3.Event{came("me", 7), wentAway("me", 8)}, true)
	wantTicket(t, me, false, false) // nobody has said yet that me was put at 7
	f.created(me, 7)
	wantTicket(t, me, false, true)
	f.take([]*clientv3.Event{came("me", 9)}, false)
	wantTicket(t, me, false, true)
}

// What came while the client was stopped: first its turn, then its end.
func TestBacklogIsTakenInBeforeATurnIsGranted(t *testing.T) {
	f, me := followed(7)
	f.take([]*clientv3.Event{came("a", 4), came("me", 7), wentAway("a", 9)}, true)
	wantTicket(t, me, false, false)
	f.take([]*clientv3.Event{wentAway("me", 10)}, false)
	wantTicket(t, me, false, true)
}

// The twin: there is no more, and the turn is granted. The end that comes later is told, too.
func TestTurnIsGrantedAtTheEndOfTheBacklog(t *testing.T) {
	f, me := followed(7)
	f.take([]*clientv3.Event{came("a", 4), came("me", 7), wentAway("a", 9)}, false)
	wantTicket(t, me, true, false)
	f.take([]*clientv3.Event{wentAway("me", 10)}, false)
	wantTicket(t, me, true, true)
}

func TestForgottenTicketIsToldNothing(t *testing.T) {
	f, me := followed(7)
	f.forget(me)
	f.take([]*clientv3.Event{came("me", 7), wentAway("me", 8)}, false)
	wantTicket(t, me, false, false)
}

func TestOnlyTicketsUnderTheLeaseEndWithIt(t *testing.T) {
	ending, other := &trustedLease{}, &trustedLease{}
	f := &follower{rule: oldest}
	mine, others := newTicket("mine", ending), newTicket("others", other)
	f.expect(mine)
	f.expect(others)
	if !f.ended(ending) || f.ended(ending) {
		t.Error("there was one ticket under the lease, and then none")
	}
	wantTicket(t, mine, false, true)
	wantTicket(t, others, false, false)
}

// While nothing happens in etcd the watch has nothing to tell, and may be silent.
func TestFollowerIsBehindOnlyIfSomethingHappened(t *testing.T) {
	f, _ := followed(0)
	f.take([]*clientv3.Event{came("a", 4)}, false)
	f.heard(4)
	f.heard(3)
	if f.behind() {
		t.Error("behind at the latest revision")
	}
	f.heard(5)
	if !f.behind() {
		t.Error("not behind, though there is a later revision")
	}
}

func TestFollowerIsInUseWhileThereAreTickets(t *testing.T) {
	f, me := followed(7)
	if !f.inUse() {
		t.Error("not in use with a ticket")
	}
	f.forget(me)
	if f.inUse() {
		t.Error("in use without a ticket")
	}
}
