package locks

import (
	"errors"
	"testing"

	"lockquake/workloads/lock"
)

// a: |acquire ok|-- hold ---------------------|release: not its own|
// b:               |acquire: deletes, creates|-- hold --
func TestDeleteByNameTakesTheLockFromItsHolder(t *testing.T) {
	b := newBed(t)
	first := b.acquire(b.open(DeleteByName, b.env("a")))
	second := b.acquire(b.open(DeleteByName, b.env("b")))
	if second.Token <= first.Token {
		b.Errorf("token %d after %d", second.Token, first.Token)
	}
	if err := first.Release(b.ctx); err != nil {
		b.Error(err)
	}
	b.wantKeys(0)
	if err := second.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("release: %v, want not held", err)
	}
}
