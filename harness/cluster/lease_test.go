package cluster_test

import (
	"sync"
	"testing"
	"time"

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
