package repro

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// A waiter is told that the key is there, and opens a watch. In between, the key goes: nothing will ever come.
func tutorialWatchAfterDelete() Reproduction {
	return Reproduction{
		ID:       "tutorial-watch-after-delete",
		Shows:    "a waiter that opens its watch after the key has gone waits for ever, for a lock that nobody holds",
		Upstream: copiedLock,
		Fault:    "slow-reply",
		Flawed:   Variant{Lock: "tutorial, whose waiters watch the key from now on", open: watching(watchFromNow), Expect: invalid("progress")},
		Sound: Variant{
			Lock: "tutorial, whose waiters watch the key from the revision after the answer", open: watching(watchNext),
			Expect: valid("progress", "exclusion", "fencing", "evidence"),
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			first := c0.acquires()
			reply := c1.hearsLate(isTxn)
			next := c1.begins()
			reply.isUnderWay()
			first.releases()
			reply.arrives()
			if next.endsWithin(vain) {
				next.finishes()
			}
		},
	}
}

// A waiter watches from the right revision, but that is compacted by then: etcd ends the watch, and the waiter waits
// on for an event.
func tutorialCompaction() Reproduction {
	return Reproduction{
		ID:       "tutorial-compaction",
		Shows:    "a compaction ends a waiter's watch; it waits on, for a lock that nobody holds",
		Upstream: copiedLock,
		Fault:    "compact",
		Flawed:   Variant{Lock: "tutorial, whose waiters wait for the event of a watch", open: watching(awaitEvent), Expect: invalid("progress")},
		Sound: Variant{
			Lock: "the same, and the end of the watch is a reason to try again", open: watching(watchNext),
			Expect: valid("progress", "exclusion", "fencing", "evidence"),
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			first := c0.acquires()
			reply := c1.hearsLate(isTxn)
			next := c1.begins()
			reply.isUnderWay()
			s.compacts()
			reply.arrives()
			first.releases()
			if next.endsWithin(vain) {
				next.finishes()
			}
		},
	}
}

// compacts makes etcd forget all history, and the next revision, too: at that a waiter's watch is to begin.
func (s *scene) compacts() {
	s.strikes("compact", "all history", 0, func() heal {
		for range 2 {
			_, err := s.control.Etcd.Put(s.ctx, "lockquake/other", "")
			s.fail(err)
		}
		revision, err := s.cluster.Compact(s.ctx)
		s.fail(err)
		return func() (bool, string) { return true, fmt.Sprintf("all before revision %d is gone", revision) }
	})()
}

// watching gives the tutorial's lock whose waiters do not poll.
func watching(await func(ctx context.Context, env lock.Env, revision int64) error) lock.Strategy {
	return func(_ context.Context, env lock.Env) (lock.Lock, error) {
		l := tutorial(env)
		l.await = func(ctx context.Context, revision int64) error { return await(ctx, env, revision) }
		return l, nil
	}
}

// watchNext waits until the key goes after a revision, or the watch ends.
func watchNext(ctx context.Context, env lock.Env, revision int64) error {
	return untilDeleted(ctx, env, clientv3.WithRev(revision+1))
}

// watchFromNow waits until the key goes after the watch has begun.
func watchFromNow(ctx context.Context, env lock.Env, _ int64) error { return untilDeleted(ctx, env) }

func untilDeleted(ctx context.Context, env lock.Env, options ...clientv3.OpOption) error {
	if seesDelete(ctx, env, options...) {
		return nil
	}
	return ctx.Err()
}

// seesDelete tells, where a watch of the key ends, whether it saw the key go.
func seesDelete(ctx context.Context, env lock.Env, options ...clientv3.OpOption) bool {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	for answer := range env.Client.Watch(watching, env.Name, options...) {
		for _, event := range answer.Events {
			if event.Type == clientv3.EventTypeDelete {
				return true
			}
		}
	}
	return false
}

// awaitEvent waits until somebody else has seen the key go; who watches gives up where the watch ends.
func awaitEvent(ctx context.Context, env lock.Env, revision int64) error {
	gone := make(chan struct{})
	go func() {
		if seesDelete(ctx, env, clientv3.WithRev(revision+1)) {
			close(gone)
		}
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
