package repro

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// pending is an acquire that was begun.
type pending struct {
	by     *process
	cancel context.CancelFunc // to be called by endsContext
	done   chan struct{}
	hold   *hold // nil: none; to be read after done, as err
	err    error

	txns, watches int // of the client before
	used          bool
}

// acquires waits until the process has the lock. On a busy machine a short lease can end before the key is
// created; that had no effect, and is tried again, with a lock that is opened anew.
func (p *process) acquires() *hold {
	a := p.begins()
	for tries := 1; tries < mostTries && !a.returns() && errors.Is(a.err, rpctypes.ErrLeaseNotFound); tries++ {
		p.opens()
		a = p.begins()
	}
	return a.succeeds()
}

const mostTries = 5

// begins begins an acquire.
func (p *process) begins() *pending { return p.beginsAs(history.Alone) }

func (p *process) beginsAs(mode history.Mode) *pending {
	a := &pending{by: p, done: make(chan struct{})}
	var ctx context.Context
	ctx, a.cancel = context.WithCancel(p.s.ctx)
	a.txns, _, a.watches = p.client.counted()
	e := p.event(history.Acquire, nil)
	e.Mode = mode
	call := p.s.rec.Invoke(e)
	p.s.tell("%s asks for %s", p, p.key())
	p.s.background.Go(func() { a.run(ctx, call) })
	return a
}

func (a *pending) run(ctx context.Context, call history.Call) {
	defer close(a.done)
	var held lock.Hold
	held, a.err = a.by.lock.Acquire(ctx)
	e := history.Event{Token: held.Token, Lease: int64(held.Lease), Note: held.Key}
	if a.by.returned(call, a.err, e) == history.OK {
		a.hold = &hold{by: a.by, Hold: &workloads.Hold{Hold: held, ID: call.ID(), Name: a.by.key(), Client: a.by.client.number}}
		a.by.s.tell("%s has %s, token %d", a.by, a.by.key(), held.Token)
		return
	}
	a.by.s.tell("%s does not get %s: %v", a.by, a.by.key(), a.err)
}

// isDone tells whether the acquire has ended, and the ground truth has told of its key.
func (a *pending) isDone() bool {
	return isClosed(a.done) && (a.hold == nil || a.by.s.known.toldOf(a.hold.Token))
}

// has tells whether the lock was acquired by now.
func (a *pending) has() bool { return a.isDone() && a.hold != nil }

// returns waits for the end of the acquire, and tells whether the lock was acquired.
func (a *pending) returns() bool {
	a.by.s.await(fmt.Sprintf("the end of %s's acquire", a.by), a.isDone)
	return a.hold != nil
}

// succeeds waits until the lock is acquired.
func (a *pending) succeeds() *hold {
	if !a.returns() {
		a.by.s.fail(fmt.Errorf("acquire of %s by %s: %w", a.by.key(), a.by, a.err))
	}
	return a.hold
}

// settles waits until the process has the lock, or has been told that it must wait.
func (a *pending) settles() *pending {
	a.by.s.await(fmt.Sprintf("%s to have the lock or to wait for it", a.by), func() bool { return a.isDone() || a.waits() })
	return a
}

// waits tells whether the process has been told that it must wait: it has begun to watch, or asks again.
func (a *pending) waits() bool {
	txns, _, watches := a.by.client.counted()
	return txns >= a.txns+2 || watches > a.watches
}

// mustWait waits until the process waits for the lock.
func (a *pending) mustWait() *pending {
	a.by.s.await(fmt.Sprintf("%s to wait for the lock", a.by), a.waits)
	return a
}

// endsWithin gives the acquire a time, and gives it up if it takes longer.
func (a *pending) endsWithin(limit time.Duration) bool {
	if !a.by.s.within(limit, a.isDone) {
		a.endsContext()
	}
	return a.returns()
}

// endsContext has the caller of the acquire end its context.
func (a *pending) endsContext() {
	a.by.s.tell("the context of %s's acquire ends", a.by)
	a.cancel()
}

// endsUnless waits until the acquire has ended, or a client has renewed a lease by a request that it sent after a
// time: then that stands in the way.
func (a *pending) endsUnless(renewing *process, lease clientv3.LeaseID, since time.Time) *pending {
	what := fmt.Sprintf("%s to get the lock, or to find that its lease is renewed", a.by)
	a.by.s.await(what, func() bool { return a.isDone() || renewing.client.renewedSince(lease, since) })
	return a
}

// works lets a process that has got the lock read and write, once.
func (a *pending) works() *pending {
	if a.has() && !a.used {
		a.used = true
		a.hold.reads()
		a.hold.writes()
	}
	return a
}

// finishes waits for the lock, if it was not had before, works and releases.
func (a *pending) finishes() {
	a.succeeds()
	a.works()
	a.hold.releases()
}

// finish lets several processes finish, each when it has the lock; of those that have it, the first one.
func (s *scene) finish(all ...*pending) {
	for len(all) > 0 {
		i := -1
		s.await("a process to get the lock", func() bool {
			i = slices.IndexFunc(all, (*pending).isDone)
			return i >= 0
		})
		all[i].finishes()
		all = slices.Delete(all, i, i+1)
	}
}
