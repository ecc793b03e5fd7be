package locks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// requestTimeout bounds each request of a queue by itself.
const requestTimeout = time.Second

// trustedLease is one that is kept alive here, and trusted only for as long as etcd surely has it: from when the
// last grant or renewal that was answered was *sent*, for the TTL. concurrency.Session counts from when the
// answer came, and looks at that every half second: it says Done when others may long have the lock.
//
// The clock is Go's monotonic one. It stands still while the machine is suspended, so a virtual machine
// that is frozen and thawed trusts its lease for too long; against that there is only a fence.
type trustedLease struct {
	client *clientv3.Client
	id     clientv3.LeaseID
	ttl    time.Duration
	tell   leaseFollower
	gone   chan struct{} // closed when it cannot be trusted any more

	asked chan struct{} // a renewal is wanted now

	mu       sync.Mutex
	deadline time.Time
	timer    *time.Timer // fires at the deadline
	left     bool        // it ended while keys were under it
}

// leaseFollower is told of what becomes of a lease.
type leaseFollower interface {
	ended(*trustedLease) (left bool) // once, when it cannot be trusted any more: were keys under it
	heard(revision int64)            // of the answer to each renewal
	inUse() bool
}

// grantLease asks for a lease. Its error is definite: without a lease no key was asked for.
func grantLease(ctx context.Context, client *clientv3.Client, seconds int64, tell leaseFollower) (*trustedLease, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	sent := time.Now()
	granted, err := client.Grant(ctx, seconds)
	if err != nil {
		return nil, definite(fmt.Errorf("grant a lease: %w", err))
	}
	l := &trustedLease{client: client, id: granted.ID, tell: tell, gone: make(chan struct{}), asked: make(chan struct{}, 1)}
	l.ttl = time.Duration(granted.TTL) * time.Second
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deadline = sent.Add(l.ttl)
	l.timer = time.AfterFunc(time.Until(l.deadline), l.end)
	return l, nil
}

// trusted tells whether the deadline is still to come, by the clock: a timer may be late.
func (l *trustedLease) trusted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !isClosed(l.gone) && time.Now().Before(l.deadline)
}

// end makes the lease one that nobody trusts and nobody renews.
func (l *trustedLease) end() {
	l.mu.Lock()
	over := isClosed(l.gone)
	if !over {
		l.timer.Stop()
		close(l.gone)
	}
	l.mu.Unlock()
	if over {
		return
	}
	left := l.tell.ended(l)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = left
}

func (l *trustedLease) leftKeys() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

// claim tells whether there is time enough to put a key under the lease and to renew it. What was in use lately
// has that.
func (l *trustedLease) claim() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := time.Until(l.deadline)
	if isClosed(l.gone) || rest < l.ttl/2 {
		return false
	}
	if rest < 2*l.ttl/3 {
		select {
		case l.asked <- struct{}{}:
		default:
		}
	}
	return true
}

// keep renews the lease until it ends or ctx does: every third of the TTL and, as long as that fails, more often.
// One that is not in use is left to its end: a process may have many locks, and each renewal is a request.
func (l *trustedLease) keep(ctx context.Context) {
	defer l.end()
	renewals := queueRenewals{lease: l}
	defer renewals.close()
	rest := l.ttl / 3
	for {
		asked, over := l.rest(ctx, rest)
		if over {
			return
		}
		rest = l.ttl / 3
		if !asked && !l.tell.inUse() {
			continue
		}
		err := renewals.next(ctx)
		if errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return
		} else if err != nil {
			rest = l.ttl / 20
		}
	}
}

// rest waits, until it is asked for a renewal or it is all over.
func (l *trustedLease) rest(ctx context.Context, d time.Duration) (asked, over bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false, false
	case <-l.asked:
		return true, false
	case <-l.gone:
	case <-ctx.Done():
	}
	return false, true
}

// renewed moves the deadline, unless it has passed.
func (l *trustedLease) renewed(deadline time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer.Stop() {
		l.deadline = deadline
		l.timer.Reset(time.Until(deadline))
	}
}

// revoke has etcd end the lease. If it returns nil the lease is gone, and with it every key under it; and no
// request that is still on its way can bring one back, because etcd puts no key under a lease that it does
// not have.
func (l *trustedLease) revoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, err := l.client.Revoke(ctx, l.id)
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return fmt.Errorf("revoke lease %x: %w", l.id, err)
	}
	return nil
}

// revokeAtLast tries to revoke the lease until that is answered, or until the lease must have ended by itself,
// even if a new leader gave it a TTL more.
func (l *trustedLease) revokeAtLast(ctx context.Context) {
	ctx, cancel := context.WithDeadline(ctx, l.deadline.Add(l.ttl))
	defer cancel()
	for l.revoke(ctx) != nil && pause(ctx, l.ttl/20) == nil {
	}
}
