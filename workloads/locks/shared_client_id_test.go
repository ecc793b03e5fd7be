package locks

import "testing"

// a: |acquire ok|-- hold --
// b:               |acquire ok|-- hold --
func TestSharedClientIDLetsInEverybody(t *testing.T) {
	b := newBed(t)
	first := b.acquire(b.open(SharedClientID, b.env("a")))
	second := b.acquire(b.open(SharedClientID, b.env("b")))
	if first.Token != second.Token {
		b.Errorf("tokens %d and %d, want one key for both", first.Token, second.Token)
	}
	b.wantKeys(1)
}
