package locks

import (
	"context"
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

// giveUpAfterOneTry acquires until the first try was answered, with a server that answers no revoke.
func giveUpAfterOneTry(b *bed, env lock.Env, repeats int) error {
	ctx, cancel := context.WithCancel(b.ctx)
	env.Client.KV = repeating{KV: env.Client.KV, times: repeats, after: cancel}
	env.Client.Lease = mute{Lease: env.Client.Lease}
	_, err := b.open(Tutorial, env).Acquire(ctx)
	return err
}

// The key in the way is the waiter's own, from a Txn that the client library repeated: as long as the
// lease may live the waiter must not say that it has nothing.
func TestTutorialInItsOwnWayIsUnknown(t *testing.T) {
	b := newBed(t)
	b.wantDefinite(giveUpAfterOneTry(b, b.env("a"), 2), false)
	b.wantKeys(1)
}

// The twin: the key in the way is a stranger's, so the waiter has nothing, revoked or not.
func TestTutorialInAStrangersWayIsDefinite(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(Tutorial, b.env("a")))
	b.wantDefinite(giveUpAfterOneTry(b, b.env("b"), 1), true)
	b.wantKeys(1)
}
