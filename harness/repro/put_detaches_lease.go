package repro

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// A holder notes in the lock's key how far it is. The Put without a lease takes the key off its lease.
func tutorialPutDetachesLease() Reproduction {
	return Reproduction{
		ID:       "tutorial-put-detaches-lease",
		Shows:    "a holder that writes into the lock's key takes it off its lease: when it crashes, the lock is never free again",
		Upstream: copiedLock,
		Fault:    "crash-holder",
		Flawed:   Variant{Lock: "tutorial, whose holder Puts its state into the key", open: noting(), Expect: invalid("progress")},
		Sound: Variant{
			Lock: "the same, with WithIgnoreLease", open: noting(clientv3.WithIgnoreLease()),
			Expect: valid("progress", "exclusion", "lease-bounded", "fencing", "evidence"),
		},
		ttl: shortTTL,
		play: func(s *scene) {
			c0, c1 := s.shortLived(), s.client(1)
			dead := c0.acquires()
			dead.crashes()
			s.await("the end of the dead client's lease", func() bool { return !s.leases()[dead.Lease] })
			if next := c1.begins(); next.endsWithin(vain) {
				next.finishes()
			}
		},
	}
}

// noting gives a lock whose holder writes into its key.
func noting(options ...clientv3.OpOption) lock.Strategy {
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		l, err := openTutorial(ctx, env)
		return noter{l, env, options}, err
	}
}

type noter struct {
	lock.Lock
	env     lock.Env
	options []clientv3.OpOption
}

// Acquire notes that the work has begun.
func (n noter) Acquire(ctx context.Context) (lock.Hold, error) {
	hold, err := n.Lock.Acquire(ctx)
	if err == nil {
		_, err = n.env.Client.Put(ctx, n.env.Name, n.env.ClientID+" has begun", n.options...)
	}
	return hold, err
}
