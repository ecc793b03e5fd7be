package cluster_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

// learnt is one thing that an observer was told.
type learnt struct {
	what  string
	lease clientv3.LeaseID
	ttl   time.Duration
	sent  time.Time
	at    time.Time
}

// notes keeps what an observer is told.
type notes struct {
	mu  sync.Mutex
	all []learnt
}

func (n *notes) add(what string, lease int64, ttl time.Duration, sent time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, learnt{what, clientv3.LeaseID(lease), ttl, sent, time.Now()})
}

func (n *notes) observer() cluster.LeaseObserver {
	return cluster.LeaseObserver{
		Granted: func(lease int64, ttl time.Duration, sent time.Time) { n.add("granted", lease, ttl, sent) },
		Renewed: func(lease int64, ttl time.Duration, sent time.Time) { n.add("renewed", lease, ttl, sent) },
		Expired: func(lease int64, sent time.Time) { n.add("expired", lease, 0, sent) },
		Revoked: func(lease int64, sent time.Time) { n.add("revoked", lease, 0, sent) },
	}
}

func (n *notes) of(what string, lease clientv3.LeaseID) []learnt {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []learnt
	for _, l := range n.all {
		if l.what == what && l.lease == lease {
			found = append(found, l)
		}
	}
	return found
}

func grant(t testing.TB, c *cluster.Client, ttl int64) clientv3.LeaseID {
	t.Helper()
	granted, err := c.Etcd.Grant(within(t, patience), ttl)
	if err != nil {
		t.Fatal(err)
	}
	return granted.ID
}

func TestObserverLearnsOfALeaseFromGrantToRevoke(t *testing.T) {
	var notes notes
	began := time.Now()
	observed := client(t, start(t, 1), cluster.ClientConfig{Leases: notes.observer()})
	lease := grant(t, observed, 2)
	if _, err := observed.Etcd.KeepAlive(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two renewals", func() bool { return len(notes.of("renewed", lease)) >= 2 })
	if _, err := observed.Etcd.Revoke(within(t, patience), lease); err != nil {
		t.Fatal(err)
	}
	if n := len(notes.of("granted", lease)); n != 1 {
		t.Errorf("told of %d grants, want 1", n)
	}
	if n := len(notes.of("revoked", lease)); n != 1 {
		t.Errorf("told of %d revokes, want 1", n)
	}
	for _, l := range append(notes.of("granted", lease), notes.of("renewed", lease)...) {
		if l.ttl != 2*time.Second || l.sent.Before(began) || l.sent.After(l.at) {
			t.Errorf("%s for %v, sent %v and answered %v after the start", l.what, l.ttl, l.sent.Sub(began), l.at.Sub(began))
		}
	}
	eventually(t, "a renewal of the revoked lease to be refused", func() bool {
		return len(notes.of("expired", lease)) > 0
	})
}

// A renewal that was answered late was sent early: the lease is known to live for the TTL from then,
// not from the answer.
func TestLateAnswerBelongsToItsEarlySend(t *testing.T) {
	var notes notes
	observed := client(t, start(t, 1), cluster.ClientConfig{Leases: notes.observer()})
	lease := grant(t, observed, 60)
	_, from := observed.Links(0)
	hold := from.Impose(network.Rule{Held: true})
	if _, err := observed.Etcd.KeepAlive(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	eventually(t, "something to be held", func() bool { return hold.Toll().Held > 0 })
	time.Sleep(200 * time.Millisecond) // it may be a frame before the answer, and nothing tells them apart
	healed := time.Now()
	hold.Lift()
	eventually(t, "a renewal", func() bool { return len(notes.of("renewed", lease)) > 0 })
	first := notes.of("renewed", lease)[0]
	if first.sent.After(healed) || first.at.Before(healed) {
		t.Errorf("sent %v, answered %v after the heal; want before and after", first.sent.Sub(healed), first.at.Sub(healed))
	}
}

// keepalives matches them all, and tells when it was asked: before each was sent.
func keepalives() (match func(any) bool, asked <-chan time.Time) {
	times := make(chan time.Time, 100)
	return func(request any) bool {
		yes := every[*etcdserverpb.LeaseKeepAliveRequest](request)
		if yes {
			times <- time.Now()
		}
		return yes
	}, times
}

// The answer to a renewal that is lost is not the next one's, and the observer, like the client, does
// not learn of it.
//
//	sent 1 ---- answer lost
//	             sent 2 ---- answer: belongs to 2, not to 1
func TestLostAnswerIsNotTheNextOnes(t *testing.T) {
	var notes notes
	observed := client(t, start(t, 1), cluster.ClientConfig{Leases: notes.observer()})
	lease := grant(t, observed, 60)
	match, asked := keepalives()
	stop := observed.LoseReply(match)
	if _, err := observed.Etcd.KeepAlive(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	<-asked
	second := <-asked
	eventually(t, "a renewal", func() bool { return len(notes.of("renewed", lease)) > 0 })
	if sent := notes.of("renewed", lease)[0].sent; sent.Before(second) {
		t.Errorf("it counts from %v before it was sent", second.Sub(sent))
	}
	wantLost(t, stop, fmt.Sprintf("the reply of a keepalive that gave lease %x 60 s at revision 1", int64(lease)))
}

// Renewals that are lost on their way have no answers: the first that is not is matched with its own.
//
//	sent 1, 2 lost
//	               sent 3 ---- answer: belongs to 3
func TestLostRenewalsAreNotWaitedFor(t *testing.T) {
	var notes notes
	observed := client(t, start(t, 1), cluster.ClientConfig{Leases: notes.observer()})
	lease := grant(t, observed, 60)
	match, asked := keepalives()
	stop := observed.LoseRequests(match)
	if _, err := observed.Etcd.KeepAlive(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	<-asked
	second := <-asked
	if n := stop(); n < 1 {
		t.Errorf("lost %d renewals of those that were asked for", n)
	}
	eventually(t, "a renewal", func() bool { return len(notes.of("renewed", lease)) > 0 })
	if sent := notes.of("renewed", lease)[0].sent; !sent.After(second) {
		t.Errorf("it counts from %v before one that was lost", second.Sub(sent))
	}
}

// A lease whose keepalives are lost ends, although its client believes that it sends them.
func TestLostRenewalsEndTheLease(t *testing.T) {
	shaken := start(t, 1)
	starved, other := client(t, shaken, cluster.ClientConfig{}), client(t, shaken, cluster.ClientConfig{})
	lease := grant(t, starved, 1)
	stop := starved.LoseRequests(every[*etcdserverpb.LeaseKeepAliveRequest])
	if _, err := starved.Etcd.KeepAlive(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lease to end", func() bool {
		left, err := other.Etcd.TimeToLive(within(t, patience), lease)
		return err == nil && left.TTL < 0
	})
	if stop() == 0 {
		t.Error("no keepalive was lost")
	}
}

// clientv3 asks for a lease again when the reply was lost. The first lease is there, but nobody knows it.
func TestGrantWhoseReplyIsLostIsNotReported(t *testing.T) {
	var notes notes
	observed := client(t, start(t, 1), cluster.ClientConfig{Leases: notes.observer()})
	stop := observed.LoseReply(every[*etcdserverpb.LeaseGrantRequest])
	lease := grant(t, observed, 60)
	wantLost(t, stop, "the reply of a LeaseGrant at revision 1")
	if told := notes.of("granted", lease); len(told) != 1 || len(notes.all) != 1 {
		t.Errorf("told %v, want the one lease that the client knows", notes.all)
	}
	if there, err := observed.Etcd.Leases(within(t, patience)); err != nil || len(there.Leases) != 2 {
		t.Errorf("leases: %v, %v; want two", there, err)
	}
}

func TestRefusedGrantIsNotReported(t *testing.T) {
	var notes notes
	observed := client(t, start(t, 1), cluster.ClientConfig{Leases: notes.observer()})
	if _, err := observed.Etcd.Grant(within(t, patience), 10_000_000_000); err == nil {
		t.Fatal("granted a lease of three centuries, which is beyond etcd's limit")
	}
	if len(notes.all) != 0 {
		t.Errorf("told %v of a grant that was refused", notes.all)
	}
}
