package repro

import (
	"lockquake/harness"
)

const (
	herd         = 8
	herdRequests = "requests of 8 waiters at one release"
)

// All waiters watch the key, and all ask for it when it goes.
func tutorialHerd() Reproduction {
	return Reproduction{
		ID:       "tutorial-herd",
		Shows:    "all waiters watch one key and ask for it when it goes: each release costs a request for every waiter",
		Upstream: copiedLock,
		Fault:    harness.Calm,
		Flawed: Variant{
			Lock: "tutorial, whose waiters watch the key", open: watching(watchNext), Expect: valid("exclusion", "progress"),
			Bounds: []Bound{atLeast(herdRequests, herd)},
		},
		Sound: Variant{
			Lock: "concurrency.Mutex, whose waiters watch the one before them", open: openBareMutex, Expect: valid("exclusion", "progress"),
			Bounds: []Bound{{Fact: herdRequests, AtMost: 2}},
		},
		play: func(s *scene) {
			c0 := s.client(0)
			first := c0.acquires()
			var waiters []*pending
			for i := range herd {
				waiters = append(waiters, s.client(int32(i+1)).begins().mustWait())
			}
			before := requestsOf(waiters)
			first.releases()
			s.await("the next holder", func() bool { return anyHas(waiters) })
			s.within(vain, func() bool { return requestsOf(waiters)-before >= herd })
			s.measure(herdRequests, float64(requestsOf(waiters)-before))
			s.finish(waiters...)
		},
	}
}

// requestsOf counts the Txns and reads of clients that were answered.
func requestsOf(waiters []*pending) (n int) {
	for _, w := range waiters {
		txns, reads, _ := w.by.client.counted()
		n += txns + reads
	}
	return n
}

func anyHas(waiters []*pending) bool {
	for _, w := range waiters {
		if w.has() {
			return true
		}
	}
	return false
}
