package locks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"lockquake/harness/cluster"
	"lockquake/workloads/lock"
)

func (b *bed) queue(strategy lock.Strategy, env lock.Env) *fastQueue {
	b.Helper()
	return b.open(strategy, env).(*fastQueue)
}

// known is the line as a client knows it.
func (q *fastQueue) known() []place {
	q.follower.mu.Lock()
	defer q.follower.mu.Unlock()
	return slices.Clone(q.follower.line.places)
}

// awaitLine waits until a client knows so many keys in line.
func (b *bed) awaitLine(q *fastQueue, n int) {
	b.Helper()
	b.await(fmt.Sprintf("a line of %d", n), func() bool { return len(q.known()) == n })
}

// behind opens a lock, and has it wait behind those in line already.
func (b *bed) behind(strategy lock.Strategy, env lock.Env) (*fastQueue, <-chan answer) {
	b.Helper()
	before := len(b.keys())
	q := b.queue(strategy, env)
	waiting := b.acquiring(b.ctx, q)
	b.awaitLine(q, before+1)
	return q, waiting
}

func (b *bed) release(hold lock.Hold) {
	b.Helper()
	if err := hold.Release(b.ctx); err != nil {
		b.Fatalf("release: %v", err)
	}
}

// granted takes the hold that must come.
func (b *bed) granted(waiting <-chan answer) lock.Hold {
	b.Helper()
	got := receive(b, "the lock", waiting)
	if got.err != nil {
		b.Fatalf("acquire: %v", got.err)
	}
	return got.hold
}

func TestFastQueueTellsWhatItHolds(t *testing.T) {
	b := newBed(t)
	l := b.open(FastQueue, b.env("a"))
	first := b.acquire(l)
	resp, err := b.outside.Get(b.ctx, first.Key)
	if err != nil || len(resp.Kvs) != 1 {
		b.Fatalf("get %s: %v, %v", first.Key, resp, err)
	}
	kv := resp.Kvs[0]
	if kv.CreateRevision != first.Token || clientv3.LeaseID(kv.Lease) != first.Lease || !strings.HasPrefix(first.Key, lockName+"/") {
		b.Errorf("etcd has %v, the hold says %+v", kv, first)
	}
	b.release(first)
	if next := b.acquire(l); next.Key == first.Key || next.Token <= first.Token || next.Lease != first.Lease {
		b.Errorf("hold %+v after %+v, want another key, a greater token, the same lease", next, first)
	}
}

func TestFastQueueAndMutexExcludeEachOther(t *testing.T) {
	b := newBed(t)
	c := &crowd{}
	var visitors errgroup.Group
	for i, strategy := range []lock.Strategy{FastQueue, Mutex, FastQueue, Mutex} {
		l := b.open(strategy, b.env(fmt.Sprintf("c%d", i)))
		visitors.Go(func() error { return errors.Join(c.visit(b.ctx, l, 4), l.Close()) })
	}
	if err := visitors.Wait(); err != nil {
		b.Fatal(err)
	}
	if c.most != 1 || !slices.IsSorted(c.tokens) {
		b.Errorf("%d inside at once, want 1; tokens %v", c.most, c.tokens)
	}
}

// midQueue has c wait behind b, and b behind a; then b's lease is revoked, and c knows it.
//
// a: |acquire ok|-- hold ----------------------------------
// b:     |acquire ... its lease is revoked: fails|
// c:         |acquire .....................................
func midQueue(b *bed, strategy lock.Strategy) (a lock.Hold, c *fastQueue, waiting <-chan answer) {
	a = b.acquire(b.open(FastQueue, b.env("a")))
	leaver, leaving := b.behind(FastQueue, b.env("b"))
	c, waiting = b.behind(strategy, b.env("c"))
	b.revoke(leaver.lease.id)
	b.wantDefinite(receive(b, "the one in the midst", leaving).err, true)
	b.awaitLine(c, 2)
	return a, c, waiting
}

func TestFastQueueWaitsForTheOldestWhenItsPredecessorLeaves(t *testing.T) {
	b := newBed(t)
	a, c, waiting := midQueue(b, FastQueue)
	c.follower.mu.Lock()
	wantTicket(t, c.follower.tickets[0], false, false)
	c.follower.mu.Unlock()
	b.release(a)
	if hold := b.granted(waiting); hold.Token <= a.Token {
		b.Errorf("token %d after %d", hold.Token, a.Token)
	}
}

// The bad twin.
func TestPredecessorGoneClaimsTheLockBesideItsHolder(t *testing.T) {
	b := newBed(t)
	a, _, waiting := midQueue(b, PredecessorGone)
	hold := b.granted(waiting)
	if keys := b.keys(); !slices.Contains(keys, a.Key) || a.Token >= hold.Token {
		b.Errorf("keys %v: %s, token %d, is to be there beside token %d", keys, a.Key, a.Token, hold.Token)
	}
}

// a: |acquire ok|-- hold, its lease is revoked ---- lost|release: not held|
// b:    |acquire ...................................ok|-- hold
func TestFastQueueHolderDies(t *testing.T) {
	b := newBed(t)
	stale := b.acquire(b.open(FastQueue, b.env("a")))
	_, waiting := b.behind(FastQueue, b.env("b"))
	b.revoke(stale.Lease)
	next := b.granted(waiting)
	receive(b, "lost", stale.Lost)
	if err := stale.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("release: %v, want not held", err)
	}
	if keys := b.keys(); !slices.Equal(keys, []string{next.Key}) {
		b.Errorf("keys %v, want only %s", keys, next.Key)
	}
}

func TestFastQueueWaiterWithoutLeaseFailsDefinitely(t *testing.T) {
	b := newBed(t)
	l, got := waiterWithoutLease(b, FastQueue)
	b.wantDefinite(got.err, true)
	if !errors.Is(got.err, errGone) {
		b.Errorf("waiter: %v, want that its place is gone", got.err)
	}
	b.acquire(l) // with a new lease
}

func TestFastQueueSecondReleaseSparesTheNextHold(t *testing.T) {
	b := newBed(t)
	l := b.open(FastQueue, b.env("a"))
	first := b.acquire(l)
	b.release(first)
	b.acquire(l)
	if err := first.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("second release: %v, want not held", err)
	}
	b.wantKeys(1)
}

// The reply of the first try is lost: the second finds nothing, and knows why.
func TestFastQueueReleaseIsRepeatedUntilItIsAnswered(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	l := b.open(FastQueue, env)
	hold := b.acquire(l)
	hooked{committed: func() bool { return true }}.into(env.Client)
	b.release(hold)
	b.wantKeys(0)
	if again := b.acquire(l); again.Lease != hold.Lease {
		b.Error("a new lease for no reason")
	}
}

// The twin: it never is. Then the lease has to end, behind the caller's back.
func TestFastQueueReleaseWithoutAnswerEndsTheLease(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	l := b.open(FastQueue, env)
	hold := b.acquire(l)
	kv := env.Client.KV
	env.Client.KV = mum{KV: kv}
	ctx, cancel := context.WithTimeout(b.ctx, 3*retryPause)
	defer cancel()
	b.wantDefinite(hold.Release(ctx), false)
	b.await("the lease to end", func() bool { return len(b.leases()) == 0 })
	b.wantKeys(0)
	env.Client.KV = kv
	b.acquire(l)
}

// a: |acquire ok|-- hold --|requeue|acquire ...............ok|
// b:     |acquire ............ok|-- hold --|release|
func TestFastQueueRequeueGetsInLineAgain(t *testing.T) {
	b := newBed(t)
	a := b.queue(FastQueue, b.env("a"))
	first := b.acquire(a)
	_, waiting := b.behind(FastQueue, b.env("b"))
	if err := a.Requeue(b.ctx, first); err != nil {
		b.Fatal(err)
	}
	other := b.granted(waiting)
	b.wantKeys(2)
	again := b.acquiring(b.ctx, a)
	b.release(other)
	if second := b.granted(again); !(first.Token < other.Token && other.Token < second.Token) {
		b.Errorf("tokens %d, %d, %d are not in order", first.Token, other.Token, second.Token)
	}
	b.wantKeys(1)
}

func TestFastQueueRequeueIsRepeatedUntilItIsAnswered(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	q := b.queue(FastQueue, env)
	first := b.acquire(q)
	hooked{committed: func() bool { return true }}.into(env.Client)
	if err := q.Requeue(b.ctx, first); err != nil {
		b.Fatal(err)
	}
	keys := b.keys()
	if second := b.acquire(q); !slices.Equal(keys, []string{second.Key}) || second.Token <= first.Token {
		b.Errorf("hold %+v after %+v; the keys were %v", second, first, keys)
	}
	b.wantKeys(1)
}

// The twin: it never is answered, and neither the old key nor the new one may stay.
func TestFastQueueRequeueWithoutAnswerEndsTheLease(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	q := b.queue(FastQueue, env)
	hold := b.acquire(q)
	kv := env.Client.KV
	env.Client.KV = mum{kv, true}
	ctx, cancel := context.WithTimeout(b.ctx, 3*retryPause)
	defer cancel()
	b.wantDefinite(q.Requeue(ctx, hold), false)
	b.await("the lease to end", func() bool { return len(b.leases()) == 0 })
	b.wantKeys(0)
	env.Client.KV = kv
	b.acquire(q)
}

func TestFastQueueRequeueOfWhatIsNotHeld(t *testing.T) {
	b := newBed(t)
	q := b.queue(FastQueue, b.env("a"))
	hold := b.acquire(q)
	if err := q.Requeue(b.ctx, lock.Hold{Key: "another"}); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("requeue of a stranger's hold: %v, want not held", err)
	}
	b.revoke(hold.Lease)
	if err := q.Requeue(b.ctx, hold); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("requeue of a lost hold: %v, want not held", err)
	}
	b.wantKeys(0)
	b.acquire(q) // with a new lease
}

func TestFastQueueCloseGivesUpThePlaceInLine(t *testing.T) {
	b := newBed(t)
	q := b.queue(FastQueue, b.env("a"))
	if err := q.Requeue(b.ctx, b.acquire(q)); err != nil {
		b.Fatal(err)
	}
	b.wantKeys(1)
	if err := q.Close(); err != nil {
		b.Error(err)
	}
	b.wantKeys(0)
}

func TestFastQueueCloseEndsAnAcquireThatWaits(t *testing.T) {
	b := newBed(t)
	holder := b.acquire(b.open(FastQueue, b.env("a")))
	q, waiting := b.behind(FastQueue, b.env("b"))
	if err := q.Close(); err != nil {
		b.Error(err)
	}
	if got := receive(b, "the acquire", waiting); !errors.Is(got.err, errClosed) {
		b.Errorf("acquire: %v, want that the lock is closed", got.err)
	}
	if keys := b.keys(); !slices.Equal(keys, []string{holder.Key}) {
		b.Errorf("keys %v, want only the holder's", keys)
	}
	_, err := q.Acquire(b.ctx)
	b.wantDefinite(err, true)
}

// waitingDeaf is a waiter whose watch tells nothing any more.
func waitingDeaf(b *bed, ttl time.Duration) (holder lock.Hold, q *fastQueue, ears *relay, waiting <-chan answer) {
	holder = b.acquire(b.open(FastQueue, b.env("a")))
	env := b.env("b")
	env.TTL = ttl
	ears = (&relay{}).into(env.Client)
	q, waiting = b.behind(FastQueue, env)
	ears.hold()
	return holder, q, ears, waiting
}

// compact has etcd forget what the watch was not told.
func compact(b *bed, ears *relay) {
	revision, err := b.cluster.Compact(b.ctx)
	if err != nil {
		b.Fatal(err)
	}
	ears.compacted(revision)
}

func TestFastQueueTurnThatWasCompactedAwayIsFound(t *testing.T) {
	b := newBed(t)
	holder, _, ears, waiting := waitingDeaf(b, time.Minute)
	b.release(holder)
	compact(b, ears)
	b.granted(waiting)
}

// The twin: in the gap lies not only the turn, but the loss, too.
func TestFastQueueLossThatWasCompactedAwayIsFound(t *testing.T) {
	b := newBed(t)
	holder, q, ears, waiting := waitingDeaf(b, time.Minute)
	b.release(holder)
	b.revoke(q.lease.id)
	compact(b, ears)
	b.wantDefinite(receive(b, "the waiter", waiting).err, true)
}

func TestFastQueueStaleBacklogGrantsNothing(t *testing.T) {
	b := newBed(t)
	holder, q, ears, waiting := waitingDeaf(b, time.Minute)
	b.release(holder)
	b.revoke(q.lease.id)
	b.await("the backlog", func() bool { return ears.holds() == 2 })
	ears.letGo()
	b.wantDefinite(receive(b, "the waiter", waiting).err, true)
}

// The twin: nothing was lost meanwhile.
func TestFastQueueBacklogGrantsTheTurn(t *testing.T) {
	b := newBed(t)
	holder, _, ears, waiting := waitingDeaf(b, time.Minute)
	b.release(holder)
	b.await("the backlog", func() bool { return ears.holds() == 1 })
	ears.letGo()
	b.granted(waiting)
}

// Renewals tell that something happened, the watch does not.
func TestFastQueueSilentWatchIsReplaced(t *testing.T) {
	b := newBed(t)
	holder, _, _, waiting := waitingDeaf(b, 2*time.Second)
	b.release(holder)
	b.granted(waiting)
}

func TestFastQueueWaitsThroughARestart(t *testing.T) {
	b := newBed(t)
	holder := b.acquire(b.open(FastQueue, b.env("a")))
	_, waiting := b.behind(FastQueue, b.env("b"))
	if err := b.cluster.Kill(0); err != nil {
		b.Fatal(err)
	}
	if err := b.cluster.Restart(b.ctx, 0); err != nil {
		b.Fatal(err)
	}
	b.release(holder)
	b.granted(waiting)
}

// starving is a lock whose renewals are lost, with an etcd that does not end its lease for that.
func starving(b *bed, id string) *fastQueue {
	client, err := b.cluster.Client(b.ctx, cluster.ClientConfig{})
	if err != nil {
		b.Fatal(err)
	}
	stop := client.LoseRequests(func(request any) bool { _, is := request.(*pb.LeaseKeepAliveRequest); return is })
	b.Cleanup(func() { stop() })
	client.Etcd.Lease = generous{client.Etcd.Lease}
	return b.queue(FastQueue, lock.Env{Client: client.Etcd, Name: lockName, TTL: 2 * time.Second, ClientID: id})
}

func TestFastQueueLostIsClosedThoughEtcdHasTheLease(t *testing.T) {
	b := newBed(t)
	q := starving(b, "a")
	hold := b.acquire(q)
	receive(b, "lost", hold.Lost)
	if keys := b.keys(); !slices.Equal(keys, []string{hold.Key}) {
		b.Errorf("keys %v, want that etcd still has %s", keys, hold.Key)
	}
	if again := b.acquire(q); again.Lease == hold.Lease {
		b.Error("the lease that ended is used again")
	}
}

func TestFastQueueWaiterPastItsDeadlineFails(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(FastQueue, b.env("a")))
	got := receive(b, "the waiter", b.acquiring(b.ctx, starving(b, "b")))
	b.wantDefinite(got.err, true)
	b.wantKeys(1)
}

// The twin of both: renewals are answered, and move the deadline.
func TestFastQueueRenewedLeaseIsTrusted(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	env.TTL = 2 * time.Second
	q := b.queue(FastQueue, env)
	hold := b.acquire(q)
	first := q.lease.until()
	b.await("renewals for longer than a TTL", func() bool { return q.lease.until().After(first.Add(env.TTL)) })
	if isClosed(hold.Lost) || !q.lease.trusted() {
		b.Error("lost, though renewals were answered")
	}
}

// Nobody waits for the lock, or holds it: so nobody renews its lease.
func TestFastQueueThatIsNotInUseHasNoLease(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	env.TTL = 2 * time.Second
	q := b.queue(FastQueue, env)
	hold := b.acquire(q)
	b.release(hold)
	b.await("the lease to end", func() bool { return len(b.leases()) == 0 })
	if again := b.acquire(q); again.Lease == hold.Lease || again.Token <= hold.Token {
		b.Errorf("hold %+v after %+v, want a new lease and a greater token", again, hold)
	}
}

func TestLeaseIsClaimedOnlyWithTimeToRenewIt(t *testing.T) {
	for name, tc := range map[string]struct {
		rest           time.Duration
		claimed, asked bool
	}{"fresh": {50 * time.Second, true, false}, "not renewed lately": {35 * time.Second, true, true}, "about to end": {25 * time.Second, false, false}} {
		l := &trustedLease{ttl: time.Minute, gone: make(chan struct{}), asked: make(chan struct{}, 1), deadline: time.Now().Add(tc.rest)}
		if claimed := l.claim(); claimed != tc.claimed || (len(l.asked) > 0) != tc.asked {
			t.Errorf("%s: claimed %t, renewal asked for %t", name, claimed, len(l.asked) > 0)
		}
	}
}

func (l *trustedLease) until() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deadline
}

// The process was stopped: it is its turn, its deadline has passed, and the timer has not fired yet.
func TestFastQueueTurnPastTheDeadlineIsNotGranted(t *testing.T) {
	q := &fastQueue{life: t.Context()}
	for name, tc := range map[string]struct {
		left time.Duration
		want error
	}{"past": {-time.Nanosecond, errGone}, "not yet": {time.Hour, nil}} {
		mine := newTicket("me", &trustedLease{gone: make(chan struct{}), deadline: time.Now().Add(tc.left)})
		close(mine.turn)
		if err := q.awaitTurn(t.Context(), mine); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}
