package locks

import (
	"errors"
	"testing"

	"lockquake/workloads/lock"
)

func (b *bed) reacquire(l lock.Lock) lock.Hold {
	b.Helper()
	hold, err := l.(lock.Reentrant).Reacquire(b.ctx)
	if err != nil {
		b.Fatalf("acquire again: %v", err)
	}
	return hold
}

// The ok twin of TestReentrantInnerReleaseFreesTheOuterHold.
//
// a: |acquire ok|-- hold -------------------------------|release|
// a:         |acquire ok|-- hold --|release|                      (no key)
func TestMutexReentrantIsFreeWithTheLastRelease(t *testing.T) {
	for name, order := range map[string][]int{"inner first": {1, 0}, "outer first": {0, 1}} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			l := b.open(MutexReentrant, b.env("a"))
			outer := b.acquire(l)
			holds := []lock.Hold{outer, b.reacquire(l)}
			if inner := holds[1]; inner.Token != outer.Token || inner.Lease != outer.Lease || inner.Key != outer.Key {
				b.Errorf("inner hold %+v, want the key of the outer %+v", inner, outer)
			}
			for i, last := range order {
				b.wantKeys(1)
				if err := holds[last].Release(b.ctx); err != nil {
					b.Errorf("release %d: %v", i+1, err)
				}
			}
			b.wantKeys(0)
		})
	}
}

// The same hold released twice does not stand for two.
func TestMutexReentrantCountsEachHoldOnce(t *testing.T) {
	b := newBed(t)
	l := b.open(MutexReentrant, b.env("a"))
	b.acquire(l)
	inner := b.reacquire(l)
	if err := inner.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if err := inner.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("second release: %v, want not held", err)
	}
	b.wantKeys(1)
}

func TestMutexReentrantHasNoFurtherHoldWithoutAFirst(t *testing.T) {
	b := newBed(t)
	l := b.open(MutexReentrant, b.env("a"))
	if _, err := l.(lock.Reentrant).Reacquire(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("acquire again: %v, want not held", err)
	}
	b.wantKeys(0)
	hold := b.acquire(l)
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if _, err := l.(lock.Reentrant).Reacquire(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("acquire again after the release: %v, want not held", err)
	}
}
