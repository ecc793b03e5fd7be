package linear

import (
	"cmp"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// BenchmarkJudge judges sound histories of one lock: 32 clients, of which all but one wait, 1 % of
// operations unknown.
func BenchmarkJudge(b *testing.B) {
	for _, c := range []struct {
		name string
		lock Lock
		ops  func() []Op
	}{
		{"1M", Mutex(), contention{clients: 32, n: 1_000_000, unknown: 1}.history},
		{"1M-tries", Mutex(), contention{clients: 32, n: 1_000_000, unknown: 1, tries: 10}.history},
		{"1M-retries", Mutex(), func() []Op { return retries(32, 1_000_000) }},                    // clients are the owners
		{"1M-semaphore", Semaphore(2), contention{clients: 32, n: 1_000_000, unknown: 1}.history}, // never full
		{"10M", Mutex(), contention{clients: 32, n: 10_000_000, unknown: 1}.history},
	} {
		b.Run(c.name, func(b *testing.B) {
			ops := c.ops()
			var r Result
			b.ResetTimer()
			cpu := cpuSeconds()
			beyond := peak(func() {
				for b.Loop() {
					r = Check(ops, Options{Lock: c.lock})
				}
			})
			if r.Answer != Valid {
				b.Fatalf("%v: %s", r.Answer, r.Why)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
			b.ReportMetric((cpuSeconds()-cpu)/float64(b.N), "cpu-s/op")
			b.ReportMetric(beyond, "MB-beyond")
			b.ReportMetric(float64(r.Largest), "largest-piece")
			b.ReportMetric(float64(r.Pieces), "pieces")
		})
	}
}

// BenchmarkAgainstPlainPorcupine judges one violated history, once by plain porcupine: 128 clients, and a
// second holder near the end. Should plain porcupine come to the end of its memory, the ratios are lower bounds.
func BenchmarkAgainstPlainPorcupine(b *testing.B) {
	ops := contention{clients: 128, n: 30_000}.history()
	violate(ops, len(ops)*9/10)
	var plainTime time.Duration
	var plainCPU float64
	plainMemory := peak(func() {
		start, cpu := time.Now(), cpuSeconds()
		ended := plain(b, ops)
		plainTime, plainCPU = time.Since(start), cpuSeconds()-cpu
		b.Logf("plain porcupine came to an end: %v", ended)
	})
	var cpu float64
	memory := peak(func() {
		b.ResetTimer()
		cpu = cpuSeconds() // now that the memory of the other one was given back
		for b.Loop() {
			if r := Check(ops, Options{}); r.Answer != Invalid {
				b.Fatalf("%v: %s", r.Answer, r.Why)
			}
		}
	})
	each, eachCPU := b.Elapsed().Seconds()/float64(b.N), (cpuSeconds()-cpu)/float64(b.N)
	b.ReportMetric(plainTime.Seconds(), "plain-s")
	b.ReportMetric(plainMemory, "plain-MB")
	b.ReportMetric(memory, "MB-beyond")
	b.ReportMetric(plainTime.Seconds()/each, "x-faster")
	b.ReportMetric(plainCPU/eachCPU, "x-less-cpu")
	b.ReportMetric(plainMemory/memory, "x-less-memory")
}

// plain gives the whole history to porcupine, and tells whether that came to an answer within 8 GB.
func plain(b *testing.B, ops []Op) bool {
	p, limits := Piece{}, search{budget: 8e9 / int64(len(ops)/8+200)}
	for i := range ops {
		p.Items = append(p.Items, Item{Op: ops[i], At: int32(i)})
	}
	var all []porcupine.Operation
	for i := range p.Items {
		all = append(all, porcupine.Operation{Input: &p.Items[i], Call: ops[i].Call, Return: ops[i].Return})
	}
	if porcupine.CheckOperations(p.model(&limits, blips{}), all) {
		b.Fatal("plain porcupine sees no violation")
	}
	return !limits.spent
}

// cpuSeconds is what this process has used of all cores: on a machine that others use too it says more than the
// time that went by.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// peak is how many MB of heap f used at most, beyond what was there, sampled.
func peak(f func()) float64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() float64 {
		metrics.Read(sample)
		return float64(sample[0].Value.Uint64()) / 1e6
	}
	before, most := read(), 0.0
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, read())
			case <-stop:
				return
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return max(most, read()) - before
}

// contention is what a lock is put under: clients wait for it, in no particular order, hold it and release it.
// Some per cent of operations end unknown; during some per cent of holds, somebody else's try fails.
type contention struct{ clients, n, unknown, tries int }

// history is a sound one, of n operations, the same each time.
func (c contention) history() []Op {
	g := &contenders{contention: c, rng: rand.New(rand.NewPCG(1, 0)), ops: make([]Op, 0, c.n)}
	waiting := make([]int, c.clients)
	for i := range waiting {
		waiting[i] = g.call(Acquire, g.newOwner())
	}
	for len(g.ops) < c.n-3*c.clients {
		next := g.rng.IntN(c.clients)
		g.hold(waiting[next])
		waiting[next] = g.call(Acquire, g.newOwner())
	}
	for _, at := range waiting {
		g.hold(at)
	}
	slices.SortFunc(g.ops, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
	return g.ops
}

type contenders struct {
	contention
	rng    *rand.Rand
	ops    []Op
	now    int64
	owners int32
}

func (g *contenders) newOwner() int32 {
	g.owners++
	return g.owners - 1
}

func (g *contenders) call(k Kind, owner int32) int {
	g.now++
	g.ops = append(g.ops, Op{Call: g.now, Return: Open, Owner: owner, Kind: k})
	return len(g.ops) - 1
}

func (g *contenders) returns(at int, o Outcome) {
	g.now++
	g.ops[at].Return, g.ops[at].Outcome = g.now, o
}

// hold lets a waiter have the lock, and release it. The releases of unknown acquires are unknown, or
// succeed, or never come to be.
func (g *contenders) hold(at int) {
	owner := g.ops[at].Owner
	acquired, released := g.outcome(), g.outcome()
	if acquired == Unknown && g.rng.IntN(3) == 0 {
		return
	}
	if acquired == OK {
		g.returns(at, OK)
	}
	if g.rng.IntN(100) < g.tries {
		g.returns(g.call(Try, g.newOwner()), Fail)
	}
	if acquired == Unknown && g.rng.IntN(2) == 0 {
		released = Unknown
	}
	if release := g.call(Release, owner); released == OK {
		g.returns(release, OK)
	}
}

func (g *contenders) outcome() Outcome {
	if g.rng.IntN(100) < g.unknown {
		return Unknown
	}
	return OK
}

// violate lets an acquire that waits after an operation return at once, though somebody else holds.
func violate(ops []Op, after int) {
	holder := slices.IndexFunc(ops[after:], func(o Op) bool { return o.Kind == Release && o.Outcome == OK }) + after
	for i := range ops[:holder] {
		if o := &ops[i]; o.Kind == Acquire && o.Outcome == OK && o.Return > ops[holder].Return && o.Owner != ops[holder].Owner {
			o.Return = ops[holder].Call - 1
			return
		}
	}
}
