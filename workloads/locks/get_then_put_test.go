package locks

import (
	"context"
	"errors"
	"testing"

	"lockquake/workloads/lock"
)

// a: |acquire: looks            puts, ok|-- hold --
// b:                  |acquire ok|-- hold --
func TestGetThenPutIsOvertaken(t *testing.T) {
	b := newBed(t)
	other := b.open(GetThenPut, b.env("b"))
	env := b.env("a")
	var between lock.Hold
	hooked{got: func() (lost bool) { between = b.acquire(other); return false }}.into(env.Client)
	hold := b.acquire(b.open(GetThenPut, env))
	if between.Token == 0 || hold.Token <= between.Token {
		b.Errorf("token %d after %d", hold.Token, between.Token)
	}
	b.wantKeys(1)
}

func TestGetThenPutSeesWhoIsThere(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(GetThenPut, b.env("b")))
	env := b.env("a")
	ctx, cancel := context.WithCancel(b.ctx)
	hooked{got: func() (lost bool) { cancel(); return false }}.into(env.Client)
	if _, err := b.open(GetThenPut, env).Acquire(ctx); !errors.Is(err, context.Canceled) {
		b.Errorf("%v, want it to wait until it is cancelled", err)
	}
}
