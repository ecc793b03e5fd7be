package linear

import (
	"math/rand/v2"
	"testing"
)

// planted are small mistakes in the rules of cutting, each of which a random history gives away.
var planted = []struct {
	mistake string
	lock    Lock
	plant   func(*rules)
}{
	{"a hold is certain though its release is under way", Mutex(), func(r *rules) {
		r.status = seeing(func(a *account) { a.releases.open = 0 })
	}},
	{"a hold is certain though an unknown release was called", Mutex(), func(r *rules) {
		r.status = seeing(func(a *account) { a.releases.unknown = 0 })
	}},
	{"who waits is right of the cut, whatever else is unknown", Mutex(), func(r *rules) {
		r.status = without(loose)
	}},
	{"the holder's own failed release is dropped like others'", Mutex(), func(r *rules) {
		r.status = without(blocked)
	}},
	{"what is impossible is cut all the same", Mutex(), func(r *rules) {
		r.left = func(a *account) (int32, int32) { return 0, max(a.held, 0) }
	}},
	{"an unknown release stays unknown when somebody else holds", Mutex(), func(r *rules) {
		r.status = without(pulled)
	}},
	{"an acquire and a release are a pair, whoever else of its owner may have acquired between", Mutex(), func(r *rules) {
		r.apart = func(end, begin int64) bool { return true }
	}},
	{"an unknown release is idle though there is an acquire for it", Mutex(), func(r *rules) {
		r.spent = func(a *account) bool { return a.excess <= 1 }
	}},
	{"an unknown acquire is idle though a release that returned ok may be its own", Mutex(), func(r *rules) {
		r.vain = func(a *account) bool { return a.later.sure == 0 }
	}},
	{"who holds by its pair has had its unknown releases", Mutex(), func(r *rules) {
		r.left = func(a *account) (int32, int32) {
			if a.insists() {
				return 0, a.releases.all()
			}
			return a.left()
		}
	}},
	{"what holds twice is believed", Mutex(), func(r *rules) {
		r.status = func(a *account, _ int32) status { return statusOf(a, 2) &^ (loose | broken) }
	}},
	{"nothing is under way, but for unknown operations", Mutex(), func(r *rules) {
		r.quiet = func(c *cutter) bool { return c.live == 0 }
	}},
	{"nothing is under way, but for acquires that block the lock for good", Mutex(), func(r *rules) {
		r.quiet = func(c *cutter) bool { return c.live == 0 && c.unsure == 0 && c.blips.none() }
	}},
	{"nothing is under way, but for blips", Mutex(), func(r *rules) {
		r.quiet = func(c *cutter) bool { return c.live == 0 && c.unsure == 0 && len(c.lonely) == 0 }
	}},
	{"a blip serves twice", Mutex(), func(r *rules) {
		r.spend = func(int32) int32 { return 0 }
	}},
	{"a blip that served is gone twice", Mutex(), func(r *rules) {
		r.spend = func(n int32) int32 { return 2 * n }
	}},
	{"who holds a reentrant lock holds it once", Reentrant(3), func(r *rules) {
		r.status = without(loose)
	}},
	{"who holds a reentrant lock may not hold it twice", Reentrant(3), func(r *rules) {
		r.status = func(a *account, _ int32) status { return statusOf(a, 1) }
	}},
	{"a reader leaves no room for others", ReadersWriter(), func(r *rules) {
		r.full = func(c *cutter) bool { return len(c.holders) > 0 }
	}},
	{"a semaphore is full with one unit left", Semaphore(2), func(r *rules) {
		r.full = func(c *cutter) bool { return len(c.holders) >= c.o.Lock.units()-1 }
	}},
	{"a semaphore's waiters are right of the cut, whatever else is unknown", Semaphore(2), func(r *rules) {
		r.status = without(loose)
	}},
	{"who holds a semaphore may be chosen, whoever saw it", Semaphore(2), func(r *rules) {
		r.tacit = func(c *cutter) bool { return true }
	}},
	{"who reads may be chosen, however often", ReadersWriter(), func(r *rules) {
		r.tacit = func(c *cutter) bool { return !c.strict }
	}},
}

// seeing is the exact status of an account that is seen wrongly.
func seeing(wrong func(*account)) func(*account, int32) status {
	return func(a *account, each int32) status {
		seen := *a
		wrong(&seen)
		return statusOf(&seen, each)
	}
}

// without overlooks some of what the exact status says.
func without(bits status) func(*account, int32) status {
	return func(a *account, each int32) status { return statusOf(a, each) &^ bits }
}

func TestPlantedMistakesAreCaught(t *testing.T) {
	const enough = 30_000 // histories; most mistakes need fewer than a hundred
	for _, p := range planted {
		t.Run(p.mistake, func(t *testing.T) {
			t.Parallel()
			r := exact()
			p.plant(&r)
			d := differential{lock: p.lock, rng: rand.New(rand.NewPCG(*seed, 0)), rules: r}
			if d.run(enough, 16) {
				t.Errorf("seed %d: not caught in %d histories", *seed, enough)
			}
		})
	}
}
