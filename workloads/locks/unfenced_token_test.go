package locks

import (
	"testing"

	"lockquake/workloads/lock"
)

// tokens are those of two holders, one after the other.
func tokens(b *bed, strategy lock.Strategy) (first, second int64) {
	a := b.acquire(b.open(strategy, b.env("a")))
	if err := a.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	return a.Token, b.acquire(b.open(strategy, b.env("b"))).Token
}

func TestUnfencedTokenDoesNotGrow(t *testing.T) {
	if first, second := tokens(newBed(t), UnfencedToken); first != 1 || second != 1 {
		t.Errorf("tokens %d and %d, want both to be 1", first, second)
	}
}

func TestSoundTokenGrows(t *testing.T) {
	if first, second := tokens(newBed(t), soundQueue); first <= 1 || second <= first {
		t.Errorf("tokens %d and %d, want them to grow", first, second)
	}
}

func TestUnfencedTokenExcludes(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(UnfencedToken, b.env("a")))
	b.wantWaits(b.open(UnfencedToken, b.env("b")), 2)
}
