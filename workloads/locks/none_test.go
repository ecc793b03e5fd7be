package locks

import "testing"

// a: |acquire ok|-- hold --
// b:               |acquire ok|-- hold --
func TestNoneGrantsEverybodyAGreaterToken(t *testing.T) {
	b := newBed(t)
	first := b.acquire(b.open(None, b.env("a")))
	second := b.acquire(b.open(None, b.env("b")))
	if first.Token <= 0 || second.Token <= first.Token {
		b.Errorf("tokens %d, %d", first.Token, second.Token)
	}
	b.wantKeys(0)
}
