package linear

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What is over a limit is undecided, and says why; within the limits it is decided.
func TestLimits(t *testing.T) {
	ops := contention{clients: 8, n: 2_000}.history()
	waiters := unjudgeable(12)
	for _, c := range []struct {
		claim string
		ops   []Op
		over  Options
		why   string
		in    Options
		want  Answer
	}{
		{"the size of a piece", ops, Options{MaxPiece: 20}, "a piece of more than 20 operations, from operation ", Options{}, Valid},
		{"time", ops, Options{Timeout: 1}, "out of time after 1ns, from operation ", Options{}, Valid},
		{"memory", waiters, Options{Memory: 1 << 20}, "out of memory (1 MB), searching ", Options{}, Invalid},
	} {
		t.Run(c.claim, func(t *testing.T) {
			if r := Check(c.ops, c.over); r.Answer != Undecided || r.Broken || !strings.HasPrefix(r.Why, c.why) {
				t.Errorf("%v, broken %v: %s, wanted undecided: %s", r.Answer, r.Broken, r.Why, c.why)
			}
			if r := Check(c.ops, c.in); r.Answer != c.want {
				t.Errorf("%v: %s, wanted %v", r.Answer, r.Why, c.want)
			}
		})
	}
}

// unjudgeable is a history in which nobody ever surely holds the lock, any order of n owners is possible, and
// none explains a try.
//
//	p0: |acquire------------------|
//	p0: |release------------------|      and so on
//	y:                   |release------------------|!
//	z:                             |try|!
func unjudgeable(n int) []Op {
	var ops []Op
	for i := range n {
		ops = append(ops, Op{Call: 1, Return: 1000, Owner: int32(i), Kind: Acquire, Outcome: OK},
			Op{Call: 1, Return: 1000, Owner: int32(i), Kind: Release, Outcome: OK})
	}
	return append(ops, Op{Call: 900, Return: 3000, Owner: int32(n), Kind: Release, Outcome: Fail},
		Op{Call: 1001, Return: 1002, Owner: int32(n + 1), Kind: Try, Outcome: Fail})
}

// A violation counts though another piece could not be judged.
func TestViolationBehindAHugePiece(t *testing.T) {
	ops := contention{clients: 8, n: 2_000}.history()
	violate(ops, 1_500)
	if r := Check(ops, Options{MaxPiece: 45}); r.Answer != Invalid || len(r.Failing.Items) > 45 {
		t.Errorf("%v: %s", r.Answer, r.Why)
	}
}

func TestMalformed(t *testing.T) {
	fine := Op{Call: 3, Return: 4, Outcome: OK}
	for why, op := range map[string]Op{
		"operation 1 was called before operation 0":      {Call: 2, Return: 5, Outcome: OK, Kind: Release},
		"operation 1 returned before it was called":      {Call: 6, Return: 5, Outcome: OK, Kind: Release},
		"operation 1 makes no sense":                     {Call: 6, Return: 7, Outcome: OK, Owner: -1},
		"operation 1 has an outcome, yet never returned": {Call: 6, Return: Open, Outcome: OK, Kind: Release},
	} {
		if r := Check([]Op{fine, op}, Options{}); r.Answer != Undecided || !r.Broken || !strings.HasPrefix(r.Why, why) {
			t.Errorf("%v, broken %v: %q, wanted %q", r.Answer, r.Broken, r.Why, why)
		}
	}
	if r := Check([]Op{fine, {Call: 4, Return: 5, Outcome: OK, Kind: Release}}, Options{}); r.Answer != Valid {
		t.Errorf("%v: %s", r.Answer, r.Why)
	}
}

// The failing piece is small, and says which operations of the history it is made of.
func TestFailingPiece(t *testing.T) {
	ops := contention{clients: 32, n: 20_000, unknown: 1}.history()
	violate(ops, 10_000)
	r := Check(ops, Options{})
	if r.Answer != Invalid || len(r.Failing.Items) > 4 || len(r.Failing.Holders) > 1 {
		t.Fatalf("%v: %s %+v", r.Answer, r.Why, r.Failing)
	}
	for _, item := range r.Failing.Items {
		if op := ops[item.At]; op.Owner != item.Owner || op.Kind != item.Kind || op.Call > item.Call {
			t.Errorf("operation %d is %+v, in the piece %+v", item.At, op, item.Op)
		}
	}
}

// Where clients are the owners, and try again to release what timed out, it is pairs that keep the pieces small.
func TestStrayReleasesAreNoHindrance(t *testing.T) {
	ops := retries(8, 5_000)
	o := Options{MaxPiece: 400}
	if r := Check(ops, o); r.Answer != Valid || r.Largest > 80 {
		t.Errorf("%v: %s, the largest piece has %d operations", r.Answer, r.Why, r.Largest)
	}
	o.rules = exact()
	o.rules.apart = func(_, _ int64) bool { return false }
	if r := Check(ops, o); r.Answer != Undecided {
		t.Errorf("%v without pairs", r.Answer)
	}
}

// retries is a sound history of clients that own the lock by their names: one release in a hundred never returns, and
// mostly is tried again.
func retries(clients int32, n int) []Op {
	g := &contenders{contention: contention{unknown: 1}, rng: rand.New(rand.NewPCG(1, 0))}
	waiting := make([]int, clients)
	for client := range clients {
		waiting[client] = g.call(Acquire, client)
	}
	for len(g.ops) < n {
		client := g.rng.Int32N(clients)
		g.returns(waiting[client], OK)
		lost := g.outcome() == Unknown
		if lost {
			g.call(Release, client)
		}
		if !lost || g.rng.IntN(3) > 0 {
			g.returns(g.call(Release, client), OK)
		}
		waiting[client] = g.call(Acquire, client)
	}
	return g.ops
}

// A lock that never is full has pieces all the same, unless somebody sees whether it is.
func TestLockWithRoomIsCut(t *testing.T) {
	readers := contention{clients: 8, n: 5_000, unknown: 1}.history()
	for i := range readers {
		readers[i].Shared = true
	}
	units := contention{clients: 8, n: 5_000, unknown: 1}.history()
	for _, c := range []struct {
		claim string
		lock  Lock
		ops   []Op
	}{
		{"readers only", ReadersWriter(), readers},
		{"a unit too many", Semaphore(2), units},
	} {
		t.Run(c.claim, func(t *testing.T) {
			o := Options{Lock: c.lock, MaxPiece: 400}
			if r := Check(c.ops, o); r.Answer != Valid {
				t.Errorf("%v: %s", r.Answer, r.Why)
			}
			o.rules = exact()
			o.rules.tacit = func(*cutter) bool { return false }
			if r := Check(c.ops, o); r.Answer != Undecided {
				t.Errorf("%v without cuts at chosen states", r.Answer)
			}
		})
	}
}
