package locks

import (
	"context"
	"errors"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// deaf is a server that answers no Txn.
type deaf struct{ clientv3.KV }

func (d deaf) Txn(ctx context.Context) clientv3.Txn { return deafTxn{d.KV.Txn(ctx), ctx} }

type deafTxn struct {
	clientv3.Txn
	ctx context.Context
}

func (t deafTxn) If(...clientv3.Cmp) clientv3.Txn  { return t }
func (t deafTxn) Then(...clientv3.Op) clientv3.Txn { return t }
func (t deafTxn) Else(...clientv3.Op) clientv3.Txn { return t }

func (t deafTxn) Commit() (*clientv3.TxnResponse, error) {
	<-t.ctx.Done()
	return nil, t.ctx.Err()
}

// cutOff acquires with no Txn answered, while another client holds the lock.
func cutOff(b *bed, ctx context.Context, strategy lock.Strategy) (lock.Hold, error) {
	b.acquire(b.open(soundSingle, b.env("b")))
	env := b.env("a")
	l := b.open(strategy, env)
	env.Client.KV = deaf{env.Client.KV}
	return l.Acquire(ctx)
}

// b: |acquire ok|-- hold ----------------------------
// a:               |acquire ... no answer, ok|-- hold --
func TestOptimisticOwnerTakesSilenceForConsent(t *testing.T) {
	b := newBed(t)
	hold, err := cutOff(b, b.ctx, OptimisticOwner)
	if err != nil || hold.Token != 0 || hold.Key != "" {
		b.Errorf("%+v, %v, want a hold without a token", hold, err)
	}
	b.wantKeys(1)
}

func TestSoundOwnerDoesNot(t *testing.T) {
	b := newBed(t)
	if _, err := cutOff(b, b.ctx, soundSingle); !errors.Is(err, context.DeadlineExceeded) {
		b.Errorf("%v, want that the try timed out", err)
	}
}

// Who has given up has not won.
func TestOptimisticOwnerCanBeCancelled(t *testing.T) {
	b := newBed(t)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	_, err := cutOff(b, ctx, OptimisticOwner)
	b.wantDefinite(err, true)
}

func TestOptimisticOwnerReleasesWhatIsItsOwn(t *testing.T) {
	b := newBed(t)
	l := b.open(OptimisticOwner, b.env("a"))
	hold := b.acquire(l)
	if err := hold.Release(b.ctx); err != nil {
		b.Error(err)
	}
	b.acquire(b.open(soundSingle, b.env("b")))
	if err := hold.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("release: %v, want not held", err)
	}
	b.wantKeys(1)
}
