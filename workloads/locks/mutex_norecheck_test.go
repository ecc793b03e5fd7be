package locks

import (
	"slices"
	"testing"

	"lockquake/workloads/lock"
)

// unchecked are those whose waiters do not look at their own key when their turn comes: etcd-11456,
// etcd-19597, etcd-16221.
func unchecked() []named {
	return []named{{"mutex-norecheck", MutexNoRecheck}, {"election", Election}, {"rwmutex", RWMutex}}
}

// The bad twin of TestWaiterWithoutLeaseFailsDefinitely.
//
// a: |acquire ok|-- hold --|release|
// b:    |acquire ... its lease is revoked ... ok|-- hold -- (no key)
// c:                                               |acquire ok|-- hold
func TestUncheckedWaiterWithoutLeaseAcquires(t *testing.T) {
	each(t, unchecked(), func(b *bed, strategy lock.Strategy) {
		_, got := waiterWithoutLease(b, strategy)
		if got.err != nil {
			b.Fatalf("waiter: %v, want that it believes to hold the lock", got.err)
		}
		b.wantKeys(0)
		next := b.acquire(b.open(strategy, b.env("c")))
		if got.hold.Token == 0 || next.Token <= got.hold.Token {
			b.Errorf("token %d of the real holder is not greater than the phantom's %d", next.Token, got.hold.Token)
		}
		if keys := b.keys(); !slices.Equal(keys, []string{next.Key}) {
			b.Errorf("keys %v, want only %s", keys, next.Key)
		}
	})
}
