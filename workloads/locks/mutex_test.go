package locks

import (
	"context"
	"testing"
)

// The Delete lands, its reply is lost: the next acquire must not share the key's name with it, since
// a late or repeated Delete would then free it (etcd-22082).
func TestMutexUnlockWithoutAnswerEndsTheSession(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	kv := &lossy{KV: env.Client.KV}
	env.Client.KV = kv
	l := b.open(Mutex, env)
	hold := b.acquire(l)
	kv.deletes = true
	if err := hold.Release(b.ctx); err != nil {
		b.Errorf("release: %v, want nil: its lease was revoked", err)
	}
	kv.deletes = false
	if again := b.acquire(l); again.Key == hold.Key {
		b.Errorf("key %s is used again", again.Key)
	}
}

func TestMutexUnlockWithAnswerKeepsTheSession(t *testing.T) {
	b := newBed(t)
	l := b.open(Mutex, b.env("a"))
	hold := b.acquire(l)
	if err := hold.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if again := b.acquire(l); again.Lease != hold.Lease {
		b.Error("a new session for no reason")
	}
}

// Lock's clean-up hangs on the client's context, whatever the caller's says (etcd-18082); what is
// promised is that closing the client ends it.
func TestMutexCleanupEndsWithTheClient(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(Mutex, b.env("a")))
	env := b.env("b")
	server := mute{KV: env.Client.KV, asked: make(chan struct{}, 1), looked: make(chan struct{}, 1)}
	env.Client.KV = server
	ctx, cancel := context.WithCancel(b.ctx)
	waiting := b.acquiring(ctx, b.open(Mutex, env))
	receive(b, "the waiter's look for its predecessor", server.looked)
	cancel()
	receive(b, "the clean-up", server.asked)
	select {
	case got := <-waiting:
		b.Errorf("acquire returned %v before its clean-up did", got.err)
	default:
	}
	_ = env.Client.Close()
	b.wantDefinite(receive(b, "the acquire", waiting).err, false)
}
