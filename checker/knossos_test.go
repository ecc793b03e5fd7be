package checker

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"lockquake/checker/history"
)

// Claims about the checkers of histories from outside.
var outsideTwins = []twin{
	{
		claim: "a process gives back what it holds", checker: Ownership{},
		ok: `
			p0: |acquire|---|release|
			p1:                |acquire|--|release|`,
		bad: `
			p0: |acquire|---------------------|release|
			p1:           |release k0|`,
		why: "c1 released k0 at 2.500 s and was told ok, but held nothing",
	},
	{
		claim: "who is told that it holds nothing has released nothing", checker: Ownership{},
		ok: `
			p0: |acquire|-------------|release|
			p1:           |release! k0|`,
		bad: `
			p0: |acquire|-------------|release|
			p1:           |release k0 |
			p1:                          |release k0|`,
		why: "(the first of 2 such releases)",
	},
	{
		claim: "nobody else can have locked it", checker: Knossos{},
		ok: `
			p0: |acquire|--|release|
			p1:    |acquire     |`,
		bad: `
			p0: |acquire|-----------------|release|
			p1:    |acquire     |`,
		why: "c1 acquired k0 by 2.000 s, though it was locked and no release was under way",
	},
	{
		claim: "who holds the lock does not matter", checker: Knossos{},
		ok: `
			p0: |acquire|
			p1:             |release k0|
			p2:                            |acquire|`,
		bad: `
			p0: |acquire|
			p1:             |release k0|
			p2:                            |release k0|`,
		why: "c2 released k0 by 4.200 s, though it was free and no acquire was under way",
	},
	{
		claim: "a release without an answer may open the lock at any later time, once", checker: Knossos{},
		ok: `
			p0: |acquire|--|release?|
			p1:                          |acquire|`,
		bad: `
			p0: |acquire|--|release?|
			p1:                          |acquire|
			p2:                                     |acquire|`,
		why: "c2 acquired k0",
	},
	{
		claim: "an acquire without an answer may have locked it", checker: Knossos{},
		ok: `
			p0: |acquire?
			p1:             |release k0|`,
		bad: `
			p0: |acquire!|
			p1:             |release k0|`,
		why: "c1 released k0",
	},
	{
		claim: "locks are judged apart", checker: Knossos{},
		ok: `
			p0: |acquire k0|
			p1:             |acquire k1|`,
		bad: `
			p0: |acquire k1|
			p1:             |acquire k1|`,
		why: "c1 acquired k1",
	},
}

func TestOutsideTwins(t *testing.T) {
	for _, c := range outsideTwins {
		t.Run(c.claim, func(t *testing.T) {
			if v := c.checker.Check(draw(t, c.ok)); v.Validity != Valid {
				t.Errorf("ok is %v: %s", v.Validity, v.Why)
			}
			if v := c.checker.Check(draw(t, c.bad)); v.Validity != Invalid || !strings.Contains(v.Why, c.why) || len(v.Story) == 0 || len(v.Evidence) == 0 {
				t.Errorf("bad is %+v\nwanted %s", v, c.why)
			}
		})
	}
}

// The lock that p0 may still hold is what p1 may have given back: nobody can tell.
func TestStrayReleaseThatMayCleanUp(t *testing.T) {
	for _, drawing := range []string{`
		p0: |acquire?|
		p1:            |release k0|`, `
		p0: |acquire|  |release?|
		p1:                        |release k0|`,
	} {
		if v := (Ownership{}).Check(draw(t, drawing)); v.Validity != Unknown || !strings.Contains(v.Why, "it may have cleaned up after c0") {
			t.Errorf("%v: %s", v.Validity, v.Why)
		}
	}
}

func TestNothingForKnossosIsUnknown(t *testing.T) {
	if v := (Knossos{}).Check(history.History{}); v.Validity != Unknown {
		t.Errorf("%+v", v)
	}
}

// What a client gave up is dropped by Knossos, and then nothing opened the lock.
func TestGivenUpIsNotReleased(t *testing.T) {
	h := draw(t, `
		p0: |acquire t=1|--|release!|
		p1:                            |acquire t=2|`)
	h.Infos = []history.Observation{
		{Seq: 1, Op: history.Inject, Common: &history.Common{Fault: "start", Note: "[:isolated n1]"}},
		{Seq: 99, Op: history.Inject, Common: &history.Common{Fault: "stop"}},
	}
	if v := (Exclusion{}).Check(h); v.Validity != Valid {
		t.Errorf("as its client saw it: %+v", v)
	}
	want := `
0.000 s  nemesis start: [:isolated n1]
1.600 s  c0 acquired k0 (token 1)
2.800 s  c0 could not release k0: dropped
4.300 s  c1 acquired k0 (token 2), the lock locked and no release under way`
	if v := (Knossos{}).Check(h); v.Validity != Invalid || "\n"+strings.Join(v.Story, "\n") != want {
		t.Errorf("%v: %s\n%s\nwanted%s", v.Validity, v.Why, strings.Join(v.Story, "\n"), want)
	}
}

// ownerlessModel is Knossos' mutex for porcupine. What ended unknown is a no-op after finish only, as
// in the model mutex.
var ownerlessModel = porcupine.Model{
	Init: func() any { return "free" },
	Step: func(state, input, _ any) (bool, any) {
		switch {
		case input == "finish" || state == "finished":
			return true, "finished"
		case input == "acquire":
			return state == "free", "locked"
		default:
			return state == "locked", "free"
		}
	},
}

func forPorcupine(h *history.History) []porcupine.Operation {
	ops := []porcupine.Operation{{Input: "finish", Call: math.MaxInt64 - 1, Return: math.MaxInt64 - 1}}
	for _, o := range h.Ops {
		if o.Outcome != history.Fail {
			ops = append(ops, porcupine.Operation{Input: o.Op.String(), Call: o.Call, Return: returned(&o)})
		}
	}
	return ops
}

func TestKnossosAgreesWithPorcupine(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	said := map[porcupine.CheckResult]int{}
	for range 20_000 {
		h := randomTurns(random, 2+random.IntN(12))
		want := porcupine.CheckOperationsTimeout(ownerlessModel, forPorcupine(&h), 0)
		if v := (Knossos{}).Check(h); (v.Validity == Invalid) != (want == porcupine.Illegal) {
			t.Fatalf("seed %d: %v (%s), porcupine says %v of %s", seed, v.Validity, v.Why, want, turnsInWords(&h))
		}
		said[want]++
	}
	if said[porcupine.Ok] < 1000 || said[porcupine.Illegal] < 1000 {
		t.Errorf("seed %d: a one-sided test: %v", seed, said)
	}
}

// randomTurns are operations with random intervals, more or less in turns.
func randomTurns(random *rand.Rand, n int) history.History {
	var h history.History
	for i := range n {
		call := int64(3*i + random.IntN(6))
		o := history.Operation{Call: 100*call + int64(i), Op: history.Acquire, Outcome: history.OK}
		o.Common = &history.Common{Key: "k0"}
		o.Return = o.Call + 50 + int64(100*random.IntN(12))
		if random.IntN(10) < 5 {
			o.Op = history.Release
		}
		switch random.IntN(8) {
		case 0:
			o.Outcome = history.Unknown
		case 1:
			o.Outcome = history.Fail
		}
		h.Ops = append(h.Ops, o)
	}
	slices.SortFunc(h.Ops, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	return h
}

func turnsInWords(h *history.History) string {
	var b strings.Builder
	for _, o := range h.Ops {
		fmt.Fprintf(&b, "\n%v %v [%d, %d]", o.Op, o.Outcome, o.Call, o.Return)
	}
	return b.String()
}
