package locks

import (
	"testing"

	"lockquake/workloads/lock"
)

// unansweredAcquire is an acquire whose reply is lost.
func unansweredAcquire(b *bed, strategy lock.Strategy) (lock.Lock, error) {
	env := b.env("a")
	hooked{committed: func() (lost bool) { return true }}.into(env.Client)
	l := b.open(strategy, env)
	_, err := l.Acquire(b.ctx)
	return l, err
}

// a: |acquire?|  |acquire ... behind its own key
func TestLeakOnCancelWaitsBehindItself(t *testing.T) {
	b := newBed(t)
	l, err := unansweredAcquire(b, LeakOnCancel)
	b.wantDefinite(err, false)
	b.wantKeys(1)
	b.wantWaits(l, 2)
	b.wantKeys(2)
}

func TestSoundQueueLeavesNothingBehind(t *testing.T) {
	b := newBed(t)
	l, err := unansweredAcquire(b, soundQueue)
	b.wantDefinite(err, true)
	b.wantKeys(0)
	b.acquire(l)
}
