package locks

import (
	"errors"
	"slices"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"lockquake/workloads/lock"
)

// a: |acquire ok|-- hold, its lease is revoked ----------|release|
// b:                                 |acquire ok|-- hold --------- (no key)
func TestTutorialStaleReleaseFreesTheNextHoldersLock(t *testing.T) {
	b := newBed(t)
	stale := b.acquire(b.open(Tutorial, b.env("a")))
	b.revoke(stale.Lease)
	next := b.acquire(b.open(Tutorial, b.env("b")))
	if next.Token <= stale.Token {
		b.Errorf("token %d of the next holder is not greater than %d", next.Token, stale.Token)
	}
	if err := stale.Release(b.ctx); err != nil {
		b.Errorf("stale release: %v, want that it deletes a key", err)
	}
	b.wantKeys(0)
	if !slices.Contains(b.leases(), next.Lease) {
		b.Error("the next holder's lease is gone, too: that is another hazard")
	}
}

func TestTutorialReleaseSaysThatNobodyHeldTheLock(t *testing.T) {
	b := newBed(t)
	hold := b.acquire(b.open(Tutorial, b.env("a")))
	b.revoke(hold.Lease)
	if err := hold.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("release: %v, want not held", err)
	}
}

func TestTutorialNeverTellsThatTheLockIsLost(t *testing.T) {
	b := newBed(t)
	if hold := b.acquire(b.open(Tutorial, b.env("a"))); hold.Lost != nil {
		b.Error("the tutorial's lock has learned to tell")
	}
}

func TestTutorialWaiterWithoutLeaseFailsDefinitely(t *testing.T) {
	b := newBed(t)
	hold := b.acquire(b.open(Tutorial, b.env("a")))
	waiting := b.acquiring(b.ctx, b.open(Tutorial, b.env("b")))
	b.revoke(b.otherLease(hold.Lease))
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	got := receive(b, "the waiter", waiting)
	b.wantDefinite(got.err, true)
	if !errors.Is(got.err, rpctypes.ErrLeaseNotFound) {
		b.Errorf("waiter: %v, want that its lease was not found", got.err)
	}
}
