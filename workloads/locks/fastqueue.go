package locks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// FastQueue is a queue lock that costs little more than a lock on etcd has to. Its Lock is a lock.Requeuer.
//
// Protocol: a key below name/ is a place in line, and it is the turn of the key with the least create
// revision: the prefix and the order of concurrency.Mutex, so that the two exclude each other. Each acquire
// puts a key of its own, name/lease/number, under the lock's lease. Each client keeps one watch of the
// prefix, from which it knows the whole line, its turn and its loss: a key that was once seen to be the
// oldest stays that until it is gone, so nobody has to ask again. That the one before it went does not make
// a key the oldest (PredecessorGone). Release deletes the key if it is still of the same create revision;
// Requeue does that and puts the next key, guarded alike, in one Txn: both are repeated until they are
// answered. A put that was not answered could yet land, so its lease is revoked, and the next acquire begins
// a new one.
//
// Requests: a Txn for the key and a Txn that deletes it, waited for or not; with Requeue one Txn for each
// acquire. No reads. Besides, for each lock that is open: a Grant, and a Get with the first acquire; as
// long as it is held or waited for, three renewals and three signs of life of the watch in each TTL, and another
// Grant where it was not for half a TTL. Who has waited once watches the whole line, so with W clients an
// acquire makes W watch answers. The token is the key's create revision, and the key exists as long as etcd sees the hold.
//
// What is promised, under faults, too:
//
//   - A hold is granted only if its key was seen to be the oldest at some revision since it was asked for,
//     and never past the local deadline: a TTL after the last grant or renewal that was answered was sent.
//   - Lost is closed when that deadline passes, which is before etcd ends the lease by itself if their clocks
//     run at the same rate; and when the watch shows that the key is gone. So holders that look at Lost before
//     each step exclude each other, but for the time that a step takes: lease-bounded. No lock can do more
//     without the resource; with a fence on the token it is fenced.
//   - Tokens grow from hold to hold, in the order in which etcd put the keys.
//   - Acquire ends within a second of its context, Release with its context (etcd-18082). Acquire fails, and
//     may be called again, where its lease ends while it waits and where a request has no answer in a
//     second. Its error is definite where etcd has confirmed that nothing is left of it (ambiguous-acquire).
//   - No request of a former hold can take away a later one (etcd-22082), and no key stays for longer than
//     the TTL and what etcd adds to it.
//
// Hazards: a lease that is revoked, or a key that is deleted, by somebody else is noticed after the fact. A
// holder that is paused goes on until it looks at Lost (pause-no-fence). A name that lies below another
// lock's name/ spoils that lock, as with Mutex. clientv3 repeats a Txn after some errors by itself; if
// etcd carries out both, one of them after the release, the key stays until Close.
func FastQueue(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return queueBy(ctx, env, oldest)
}

var (
	errGone   = errors.New("the place in line is gone: its key was deleted, or its lease has ended")
	errClosed = errors.New("the lock is closed, or its client is")
)

// fastQueue is one client's.
type fastQueue struct {
	env      lock.Env
	follower *follower
	life     context.Context // from the opening to Close, or to the client's
	end      context.CancelFunc
	running  sync.WaitGroup

	held   *ticket // the latest that was granted
	queued *ticket // the place that Requeue took; nil: none
	asked  int     // how many keys were asked for

	mu        sync.Mutex    // Close may come while an Acquire waits
	lease     *trustedLease // nil: the next acquire begins one
	following bool
}

func queueBy(ctx context.Context, env lock.Env, whose rule) (lock.Lock, error) {
	q, err := openQueue(ctx, env, whose)
	if err != nil {
		return nil, err
	}
	return q, nil
}

func openQueue(ctx context.Context, env lock.Env, whose rule) (*fastQueue, error) {
	life, end := context.WithCancel(env.Client.Ctx())
	q := &fastQueue{env: env, life: life, end: end, follower: &follower{
		kv: env.Client.KV, watcher: env.Client.Watcher, prefix: env.Name + "/", patience: env.TTL, rule: whose,
	}}
	if _, err := q.live(ctx); err != nil {
		end()
		return nil, err
	}
	return q, nil
}

// Acquire takes the place that Requeue took, if it is still there, or else the last one.
func (q *fastQueue) Acquire(ctx context.Context) (lock.Hold, error) {
	t, err := q.place(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	if err := q.awaitTurn(ctx, t); err != nil {
		if q.leave(t) == nil {
			err = definite(err)
		}
		return lock.Hold{}, err
	}
	q.held = t
	return lock.Hold{
		Token:   t.created,
		Key:     t.key,
		Lease:   t.lease.id,
		Lost:    t.gone,
		Release: func(ctx context.Context) error { return q.release(ctx, t) },
	}, nil
}

// place gives a ticket whose key is in line.
func (q *fastQueue) place(ctx context.Context) (*ticket, error) {
	if err := ctx.Err(); err != nil {
		return nil, definite(err)
	}
	t := q.queued
	q.queued = nil
	if t != nil && !isClosed(t.gone) {
		return t, nil
	}
	t, err := q.enqueue(ctx)
	if errors.Is(err, rpctypes.ErrLeaseNotFound) { // somebody revoked it since the last renewal
		t, err = q.enqueue(ctx)
	}
	return t, err
}

// enqueue puts a key. After an error nobody uses its lease any more.
func (q *fastQueue) enqueue(ctx context.Context) (*ticket, error) {
	l, err := q.live(ctx)
	if err != nil {
		return nil, err
	}
	q.follow()
	t := q.ticket(l)
	if err := q.create(ctx, t); err != nil {
		q.follower.forget(t)
		return nil, q.abandon(l, err)
	}
	return t, nil
}

// live gives the lease, or a new one where that has ended or is about to.
func (q *fastQueue) live(ctx context.Context) (*trustedLease, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lease != nil && q.lease.claim() {
		return q.lease, nil
	}
	if q.life.Err() != nil {
		return nil, definite(errClosed)
	}
	l, err := grantLease(ctx, q.env.Client, q.env.TTLSeconds(), q.follower)
	if err != nil {
		return nil, err
	}
	if old := q.lease; old != nil {
		q.replace(old)
	}
	q.lease = l
	q.running.Go(func() { l.keep(q.life) })
	return l, nil
}

// replace ends a lease that is not used any more. Keys that it leaves would be in the way of the next.
func (q *fastQueue) replace(old *trustedLease) {
	old.end()
	if old.leftKeys() {
		q.running.Go(func() { old.revokeAtLast(q.life) })
	}
}

// follow begins to follow the line, at the first acquire: who opens many locks may not need all of them soon.
func (q *fastQueue) follow() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.following && q.life.Err() == nil {
		q.following = true
		q.running.Go(func() { q.follower.follow(q.life) })
	}
}

// ticket is one for a key that never was before.
func (q *fastQueue) ticket(l *trustedLease) *ticket {
	q.asked++
	t := newTicket(fmt.Sprintf("%s%x/%d", q.follower.prefix, l.id, q.asked), l)
	q.follower.expect(t)
	if isClosed(l.gone) { // since it was looked at
		q.follower.ended(l)
	}
	return t
}

// create puts the ticket's key. clientv3 repeats some requests by itself: then the key is there already.
func (q *fastQueue) create(ctx context.Context, t *ticket) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := q.env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(t.key), "=", 0)).
		Then(q.put(t)).
		Else(clientv3.OpGet(t.key)).
		Commit()
	if err != nil {
		return fmt.Errorf("create %s: %w", t.key, err)
	}
	q.follower.created(t, createdBy(resp))
	return nil
}

func (q *fastQueue) put(t *ticket) clientv3.Op {
	return clientv3.OpPut(t.key, q.env.ClientID, clientv3.WithLease(t.lease.id))
}

// createdBy is the revision at which a Txn created a key, or else at which the key was created that it found; 0:
// none.
func createdBy(resp *clientv3.TxnResponse) int64 {
	if resp.Succeeded {
		return resp.Header.Revision
	}
	for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
		return kv.CreateRevision
	}
	return 0
}

func (q *fastQueue) awaitTurn(ctx context.Context, t *ticket) error {
	select {
	case <-t.turn:
	case <-t.gone:
	case <-q.life.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case q.life.Err() != nil: // that ends the lease, too
		return errClosed
	case isClosed(t.gone), !t.lease.trusted():
		return errGone
	}
	return nil
}

// leave gives up a place. If that is not answered in time, the lease has to end.
func (q *fastQueue) leave(t *ticket) error {
	q.follower.forget(t)
	_, err := q.delete(q.life, t)
	if err != nil {
		q.drop(t.lease)
	}
	return err
}

// forgo gives up the place that Requeue took, if there is one.
func (q *fastQueue) forgo() {
	if t := q.queued; t != nil {
		q.queued = nil
		_ = q.leave(t)
	}
}

// delete deletes the ticket's key, if it is still there.
func (q *fastQueue) delete(ctx context.Context, t *ticket) (deleted bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := q.env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(t.key), "=", t.created)).
		Then(clientv3.OpDelete(t.key)).
		Commit()
	if err != nil {
		return false, fmt.Errorf("delete %s: %w", t.key, err)
	}
	return resp.Succeeded, nil
}

// release deletes the key, again and again until that is answered.
func (q *fastQueue) release(ctx context.Context, t *ticket) error {
	q.follower.forget(t)
	return q.settle(ctx, t.lease, func() (bool, error) { return q.delete(ctx, t) })
}

// settle repeats a guarded request until it is answered. Where a first try finds no hold the lock was not
// held; later it may be the doing of a try before it.
func (q *fastQueue) settle(ctx context.Context, l *trustedLease, try func() (done bool, err error)) error {
	for first := true; ; first = false {
		done, err := try()
		switch {
		case err == nil && !done && first:
			return lock.ErrNotHeld
		case err == nil:
			return nil
		case isClosed(l.gone), pause(ctx, retryPause) != nil:
			q.drop(l)
			return err
		}
	}
}

// retryPause is between two tries of a request.
const retryPause = 20 * time.Millisecond

// Requeue releases the hold and enqueues the next key in one Txn. Where the lease has ended, or ends
// before it is answered, it is only released.
func (q *fastQueue) Requeue(ctx context.Context, hold lock.Hold) error {
	old := q.held
	if old == nil || old.key != hold.Key {
		return lock.ErrNotHeld
	}
	if !old.lease.trusted() {
		return q.release(ctx, old)
	}
	q.follower.forget(old)
	next := q.ticket(old.lease)
	err := q.settle(ctx, old.lease, func() (bool, error) { return q.swap(ctx, old, next) })
	if q.queued != next {
		q.follower.forget(next)
	}
	return err
}

// swap tells whether the next key is in line. It is put only while the old key is there, and that goes for
// ever: no try of it can land late.
func (q *fastQueue) swap(ctx context.Context, old, next *ticket) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := q.env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(old.key), "=", old.created),
			clientv3.Compare(clientv3.CreateRevision(next.key), "=", 0)).
		Then(clientv3.OpDelete(old.key), q.put(next)).
		Else(clientv3.OpGet(next.key)).
		Commit()
	if err != nil {
		return false, fmt.Errorf("delete %s and create %s: %w", old.key, next.key, err)
	}
	created := createdBy(resp)
	if created == 0 {
		return false, nil
	}
	q.follower.created(next, created)
	q.queued = next
	return true, nil
}

// abandon gives up the lease after a put that was not answered. The error becomes definite if the lease is gone.
func (q *fastQueue) abandon(l *trustedLease, cause error) error {
	l.end()
	if l.revoke(q.life) == nil {
		return definite(cause)
	}
	q.drop(l)
	return cause
}

// drop ends the lease without waiting for that.
func (q *fastQueue) drop(l *trustedLease) {
	l.end()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running.Go(func() { l.revokeAtLast(q.life) })
}

// Close gives up the lease, and with it all that is held or waited for.
func (q *fastQueue) Close() (err error) {
	q.end()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lease != nil {
		q.lease.end()
		err = q.lease.revoke(q.env.Client.Ctx())
		q.lease = nil
	}
	q.running.Wait()
	return err
}
