package locks

import (
	"context"
	"testing"
)

// a: |acquire ok|-- hold --------------------------------------- (no key)
// a:       |acquire ok|-- hold --|release|
func TestReentrantInnerReleaseFreesTheOuterHold(t *testing.T) {
	b := newBed(t)
	l := b.open(TutorialReentrant, b.env("a"))
	outer, inner := b.acquire(l), b.reacquire(l)
	if inner.Token != outer.Token || inner.Lease != outer.Lease {
		b.Errorf("inner hold %+v, want the token and lease of the outer %+v", inner, outer)
	}
	if err := inner.Release(b.ctx); err != nil {
		b.Error(err)
	}
	b.wantKeys(0)
}

// Two processes that share a client id are both "reentrant"; with ids of their own they exclude.
func TestReentrantComparesOnlyTheClientID(t *testing.T) {
	b := newBed(t)
	hold := b.acquire(b.open(TutorialReentrant, b.env("a")))
	b.acquire(b.open(TutorialReentrant, b.env("a")))
	ctx, cancel := context.WithCancel(b.ctx)
	stranger := b.acquiring(ctx, b.open(TutorialReentrant, b.env("b")))
	b.await("the stranger's lease", func() bool { return len(b.leases()) == 3 })
	cancel()
	b.wantDefinite(receive(b, "the stranger", stranger).err, true)
	if keys := b.keys(); len(keys) != 1 || keys[0] != hold.Key {
		b.Errorf("keys %v, want only %s", keys, hold.Key)
	}
}

func TestTutorialIsNotReentrant(t *testing.T) {
	b := newBed(t)
	l := b.open(Tutorial, b.env("a"))
	hold := b.acquire(l)
	ctx, cancel := context.WithCancel(b.ctx)
	nested := b.acquiring(ctx, l)
	b.otherLease(hold.Lease)
	cancel()
	b.wantDefinite(receive(b, "the nested acquire", nested).err, true)
}
