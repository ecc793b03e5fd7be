package locks

import "testing"

// a: |acquire ok|-- hold --
// b:               |acquire ok|-- hold --
// c:                             |acquire ...
func TestDoubleGrantLetsInTwo(t *testing.T) {
	b := newBed(t)
	first := b.acquire(b.open(DoubleGrant, b.env("a")))
	second := b.acquire(b.open(DoubleGrant, b.env("b")))
	if second.Token <= first.Token {
		b.Errorf("token %d after %d", second.Token, first.Token)
	}
	b.wantKeys(2)
	b.wantWaits(b.open(DoubleGrant, b.env("c")), 3)
}

func TestSoundQueueLetsInOne(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(soundQueue, b.env("a")))
	b.wantWaits(b.open(soundQueue, b.env("b")), 2)
	b.wantKeys(1)
}
