package repro

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness"
	"lockquake/workloads/lock"
)

// A session is one owner: two Mutexes on it have one key, both hold it, and the Unlock of one of them deletes it.
func etcd10756() Reproduction {
	return Reproduction{
		ID:       "etcd-10756",
		Shows:    "two Mutexes on one session do not exclude each other, and the Unlock of one frees the lock of both",
		Upstream: "issue 10756 closed; so in v3.7.3, a session is one owner",
		Fault:    harness.Calm,
		Flawed: Variant{
			Lock: "concurrency.Mutex, one session for a client", open: oneSession(),
			Expect: invalid("exclusion", "lease-bounded", "fencing"),
		},
		Sound: Variant{
			Lock: "concurrency.Mutex, a session for each goroutine", open: openBareMutex,
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress"),
		},
		play: func(s *scene) {
			one := s.client(0)
			other := s.process(one.client, key, longTTL)
			c1 := s.client(1)
			first := one.acquires()
			first.reads()
			second := other.begins().settles().works()
			first.writes()
			first.releases()
			third := c1.begins().settles().works()
			s.finish(second, third)
		},
	}
}

// oneSession opens bare mutexes, those of a client on one session.
func oneSession() lock.Strategy {
	var opened perClient[*bareMutex]
	return func(_ context.Context, env lock.Env) (lock.Lock, error) {
		b, err := opened.get(env.Client, func() (*bareMutex, error) { return newBareMutex(env) })
		if err != nil {
			return nil, err
		}
		return onSession(env, b.session), nil
	}
}

// perClient is something that is made once for each client.
type perClient[T any] struct {
	mu   sync.Mutex
	made map[*clientv3.Client]T
}

func (p *perClient[T]) get(c *clientv3.Client, open func() (T, error)) (T, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if made, ok := p.made[c]; ok {
		return made, nil
	}
	made, err := open()
	if err != nil {
		return made, err
	}
	if p.made == nil {
		p.made = map[*clientv3.Client]T{}
	}
	p.made[c] = made
	return made, nil
}
