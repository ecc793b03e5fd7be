package repro

import (
	"context"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// The Txn of a Lock is carried out, its reply is lost. Lock gives an error; Unlock says that there is nothing to
// unlock; and the session, which lives on, keeps the key.
func ambiguousAcquire() Reproduction {
	return Reproduction{
		ID:       "ambiguous-acquire",
		Shows:    "a Lock whose reply is lost leaves its key, Unlock does not remove it: nobody holds the lock, nobody gets it",
		Upstream: "no issue is known; so in v3.7.3",
		Fault:    "lose-acquire-reply",
		Flawed:   Variant{Lock: "concurrency.Mutex, and Unlock after a Lock that failed", open: openBareMutex, Expect: invalid("progress")},
		Sound: Variant{
			Lock: "concurrency.Mutex, its session closed after a Lock that failed",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				b, err := newBareMutex(env)
				if err == nil {
					b.failed = b.closeSession
				}
				return b, err
			},
			Expect: valid("exclusion", "fencing", "progress", "evidence"),
		},
		ttl: midTTL,
		play: func(s *scene) {
			c0, c1 := s.renewing(0), s.client(1)
			healed := c0.losesReply("lose-acquire-reply", acquires)
			c0.begins().returns()
			healed()
			next := c1.begins().endsUnless(c0, c0.latestLease(), time.Now().Add(midTTL))
			if next.endsWithin(0) {
				next.finishes()
			}
		},
	}
}

// closeSession makes sure that nothing is left of a Lock that failed.
func (b *bareMutex) closeSession(_ context.Context, _ *concurrency.Mutex, cause error) error {
	if b.session.Close() == nil {
		return definite(cause)
	}
	return cause
}
