package linear

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
)

var seed = flag.Uint64("seed", 1, "of the random histories")

var locks = []struct {
	name string
	lock Lock
}{
	{"mutex", Mutex()},
	{"reentrant", Reentrant(2)},
	{"readers-writer", ReadersWriter()},
	{"semaphore", Semaphore(2)},
}

// Cut or whole, the answer is the same.
func TestCutsAreExact(t *testing.T) {
	for i, l := range locks {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			d := differential{lock: l.lock, rng: rand.New(rand.NewPCG(*seed, uint64(i)))}
			n := histories / len(locks)
			if !d.run(n, 16) {
				t.Fatalf("seed %d: %s", *seed, d.mismatch)
			}
			t.Logf("seed %d: %d valid, %d invalid, %d pieces", *seed, d.said[Valid], d.said[Invalid], d.pieces)
			if d.said[Valid] < n/20 || d.said[Invalid] < n/20 || d.pieces < 3*n/2 {
				t.Error("a one-sided test")
			}
		})
	}
}

// differential compares the answers about random histories with those of the reference.
type differential struct {
	lock     Lock
	rng      *rand.Rand
	rules    rules
	said     [Invalid + 1]int
	pieces   int
	mismatch string
}

// run tells whether n histories came out alike.
func (d *differential) run(n, size int) bool {
	for range n {
		ops := randomHistory(d.rng, d.lock, 2+d.rng.IntN(size-1))
		r := Check(ops, Options{Lock: d.lock, Workers: 1, batch: 1 + d.rng.IntN(3)*d.rng.IntN(3),
			chosen: 1 + d.rng.IntN(4), rules: d.rules})
		want := reference(d.lock, ops)
		d.said[want]++
		d.pieces += r.Pieces
		if r.Answer != want || r.Broken {
			d.mismatch = fmt.Sprintf("%v (%s), wanted %v, of\n%s", r.Answer, r.Why, want, drawn(ops))
			return false
		}
		if want == Invalid && !d.failsAlone(r.Failing) {
			return false
		}
	}
	return true
}

// failsAlone tells whether a failing piece fails by itself, for everybody who asks porcupine about it.
func (d *differential) failsAlone(p *Piece) bool {
	if p.pool > 0 || len(p.blips) > 0 {
		return true // it is the blips that are missing
	}
	model, ops := p.Operations()
	if porcupine.CheckOperations(model, ops) {
		d.mismatch = fmt.Sprintf("a failing piece that is legal: %+v", p.Items)
		return false
	}
	return true
}

func drawn(ops []Op) string {
	var b strings.Builder
	for i := range ops {
		op := &ops[i]
		fmt.Fprintf(&b, "%3d  [%d, %d] %s\n", i, op.Call, op.Return, describe(&Item{Op: *op}, nil))
	}
	return b.String()
}
