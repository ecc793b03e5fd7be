package locks

import (
	"errors"
	"slices"
	"testing"

	"lockquake/workloads/lock"
)

// The ok twin of TestTutorialStaleReleaseFreesTheNextHoldersLock.
//
// a: |acquire ok|-- hold, its lease is revoked ----------|release: not held|
// b:                                 |acquire ok|-- hold --------- (its key stays)
func TestTutorialGuardedStaleReleaseSparesTheNextHoldersLock(t *testing.T) {
	b := newBed(t)
	stale := b.acquire(b.open(TutorialGuarded, b.env("a")))
	b.revoke(stale.Lease)
	next := b.acquire(b.open(TutorialGuarded, b.env("b")))
	if err := stale.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("stale release: %v, want not held", err)
	}
	b.wantKeys(1)
	if !slices.Contains(b.leases(), next.Lease) {
		b.Error("the next holder's lease is gone")
	}
	if err := next.Release(b.ctx); err != nil {
		b.Error(err)
	}
	b.wantKeys(0)
}
