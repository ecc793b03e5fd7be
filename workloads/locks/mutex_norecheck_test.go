package locks

import (
	"slices"
	"testing"
)

// The bad twin of TestMutexWaiterWithoutLeaseFailsDefinitely (etcd-11456).
//
// a: |acquire ok|-- hold --|release|
// b:    |acquire ... its lease is revoked ... ok|-- hold -- (no key)
// c:                                               |acquire ok|-- hold
func TestNoRecheckWaiterWithoutLeaseAcquires(t *testing.T) {
	b := newBed(t)
	_, got := waiterWithoutLease(b, MutexNoRecheck)
	if got.err != nil {
		b.Fatalf("waiter: %v, want that it believes to hold the lock", got.err)
	}
	b.wantKeys(0)
	next := b.acquire(b.open(MutexNoRecheck, b.env("c")))
	if next.Token <= got.hold.Token {
		b.Errorf("token %d of the real holder is not greater than the phantom's %d", next.Token, got.hold.Token)
	}
	if keys := b.keys(); !slices.Equal(keys, []string{next.Key}) {
		b.Errorf("keys %v, want only %s", keys, next.Key)
	}
}
