package checker

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lockquake/checker/history"
	"lockquake/checker/linear"
)

// Porcupine and the scan over the holds must say the same; and both must have said both.
func TestPorcupineAgreesWithScan(t *testing.T) {
	said := map[linear.Answer]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := randomHistory(t, rapid.Bool().Draw(t, "honest"), rapid.IntRange(4, 60).Draw(t, "steps"))
		found := linear.Valid
		if b := beliefs(&h, everything)["k0"]; b != nil {
			found = linear.Check(b.ops, linear.Options{}).Answer
		}
		_, n := first(overlaps(h.Holds()))
		if found == linear.Undecided || (found == linear.Invalid) != (n > 0) {
			t.Fatalf("porcupine says %v, the scan found %d overlaps in %+v %+v", found, n, h.Ops, h.Infos)
		}
		if v := (Exclusion{}).Check(h); v.Harness || (v.Validity == Invalid) != (n > 0) {
			t.Fatalf("exclusion says %v (%s), the scan found %d overlaps", v.Validity, v.Why, n)
		}
		said[found]++
	})
	if said[linear.Valid] == 0 || said[linear.Invalid] == 0 {
		t.Errorf("a one-sided test: %v", said)
	}
}

func everything(*history.Operation) bool { return true }

// honest is a sound random history with room between its events, yet without a last read.
func honest(t *rapid.T) history.History {
	h := randomHistory(t, true, rapid.IntRange(40, 120).Draw(t, "steps"))
	spread(&h)
	return h
}

// newest is the value that the last ok write left behind; writes of an honest history follow each
// other.
func newest(h *history.History) int64 {
	var value, pos int64
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Write && o.Outcome == history.OK && o.Pos > pos {
			value, pos = o.Value, o.Pos
		}
	}
	return value
}

// accepted lists the ok writes of a history, in order.
func accepted(h *history.History) []*history.Operation {
	var found []*history.Operation
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Write && o.Outcome == history.OK {
			found = append(found, o)
		}
	}
	return found
}

func TestHonestHistoriesAreSound(t *testing.T) {
	judged := 0
	rapid.Check(t, func(t *rapid.T) {
		h := honest(t)
		lastRead(&h, newest(&h))
		for _, c := range []Checker{WellFormed{}, Exclusion{}, Fencing{}} {
			v := c.Check(h)
			if v.Validity == Invalid || v.Harness {
				t.Fatalf("%s is %v: %s", v.Checker, v.Validity, v.Why)
			}
			judged += v.Judged
		}
	})
	if judged == 0 {
		t.Error("nothing was judged")
	}
}

// mutants spoil a sound history in one respect, and give the value that its last read sees; false:
// there was nothing to spoil.
var mutants = []struct {
	name   string
	spoil  func(*rapid.T, *history.History) (int64, bool)
	caught Checker
	why    string
}{
	{"a second holder", secondHolder, Exclusion{}, "both held k0"},
	{"a write under an old token", staleWrite, Fencing{}, "stale write accepted"},
	{"a write that the last read does not know of", lostWrite, Fencing{}, "acknowledged update lost"},
	{"two writes over one value", fork, Fencing{}, "1 forked"},
	{"a write of a process that had to end", afterlife, WellFormed{}, "had to end after an unknown outcome"},
}

func TestMutantsAreCaught(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			spoiled := 0
			rapid.Check(t, func(t *rapid.T) {
				h := honest(t)
				value, ok := m.spoil(t, &h)
				if !ok {
					return
				}
				spoiled++
				lastRead(&h, value)
				if v := m.caught.Check(h); v.Validity != Invalid || !strings.Contains(v.Why, m.why) {
					t.Fatalf("%s is %v: %s\n%+v", v.Checker, v.Validity, v.Why, h.Ops)
				}
			})
			if spoiled < 20 {
				t.Errorf("only %d histories were spoiled", spoiled)
			}
		})
	}
}

func secondHolder(t *rapid.T, h *history.History) (int64, bool) {
	holds := h.Holds()
	if len(holds) == 0 {
		return 0, false
	}
	hold := rapid.SampledFrom(holds).Draw(t, "hold")
	addAt(h, hold.Start+1, history.Operation{Op: history.Acquire, Token: 1 << 19})
	return newest(h), true
}

// staleWrite replaces the newest value under the oldest token: the chain is whole, only the token
// is wrong.
func staleWrite(_ *rapid.T, h *history.History) (int64, bool) {
	holds, writes := h.Holds(), accepted(h)
	if len(writes) == 0 || holds[0].Acquire.Token == writes[len(writes)-1].Token {
		return 0, false
	}
	const stale = 1 << 30
	addAt(h, nextSeq(h), history.Operation{Op: history.Write, Hold: holds[0].Acquire.ID, Token: holds[0].Acquire.Token,
		Value: stale, Prev: newest(h), Pos: 1 << 19})
	return stale, true
}

func lostWrite(_ *rapid.T, h *history.History) (int64, bool) {
	writes := accepted(h)
	if len(writes) == 0 {
		return 0, false
	}
	return writes[len(writes)-1].Prev, true
}

func fork(t *rapid.T, h *history.History) (int64, bool) {
	writes := accepted(h)
	if len(writes) < 2 {
		return 0, false
	}
	i := rapid.IntRange(1, len(writes)-1).Draw(t, "write")
	writes[i].Prev = writes[i-1].Prev
	return newest(h), true
}

func afterlife(_ *rapid.T, h *history.History) (int64, bool) {
	for i := range h.Ops {
		if o := h.Ops[i]; o.Outcome == history.Unknown && o.Op == history.Acquire && o.Return != history.Open {
			id := addAt(h, nextSeq(h), history.Operation{Op: history.Acquire})
			h.Find(id).Process = o.Process
			return newest(h), true
		}
	}
	return 0, false
}

// What porcupine can not do in time is unknown, and the reason is given.
func TestExclusionGivesUp(t *testing.T) {
	h := handovers(4, 3000)
	const why = "porcupine gave up on k0: out of time after 1ns"
	if v := (Exclusion{Timeout: 1}).Check(h); v.Validity != Unknown || v.Harness || !strings.HasPrefix(v.Why, why) {
		t.Errorf("%v: %q, wanted unknown: %q", v.Validity, v.Why, why)
	}
	if v := (Exclusion{}).Check(h); v.Validity != Valid {
		t.Errorf("%v: %q, wanted valid", v.Validity, v.Why)
	}
}

// Of a hold that was released before it was acquired the scan sees nothing wrong, porcupine does; and what
// returned before it was called cannot be judged.
func TestExclusionDisagreement(t *testing.T) {
	for why, spoil := range map[string]func(acquire, release *history.Operation){
		"porcupine saw an overlap on k0": func(acquire, release *history.Operation) {
			release.ID, release.Call, release.Return = -2, -2, -1
			*acquire, *release = *release, *acquire
		},
		"porcupine cannot judge k0": func(_, release *history.Operation) {
			release.Call, release.Return = release.Return, release.Call
		},
	} {
		h := draw(t, `p0: |acquire t=1|   |release|`)
		spoil(&h.Ops[0], &h.Ops[1])
		if v := (Exclusion{}).Check(h); v.Validity != Unknown || !v.Harness || !strings.HasPrefix(v.Why, why) {
			t.Errorf("%v, harness %v: %s, wanted %s", v.Validity, v.Harness, v.Why, why)
		}
	}
}

// handovers is a sound history in which each client waits for the lock while others hold it, and
// now and then does not learn what its release did.
func handovers(clients, holds int) history.History {
	rng := rand.New(rand.NewPCG(1, 2))
	b := history.NewBuilder(history.Header{})
	seq := int64(0)
	add := func(e history.Event) history.OpID {
		seq++
		if e.Kind == history.Invoke {
			e.ID = history.OpID(seq)
		}
		e.Seq, e.Key = seq, "k0"
		b.Add(e)
		return e.ID
	}
	var waiting []history.OpID
	for range clients {
		waiting = append(waiting, add(history.Event{Kind: history.Invoke, Op: history.Acquire}))
	}
	for token := range holds {
		next := rng.IntN(clients)
		hold := waiting[next]
		add(history.Event{Kind: history.Return, Op: history.Acquire, ID: hold, Outcome: history.OK, Token: int64(token + 1)})
		release := add(history.Event{Kind: history.Invoke, Op: history.Release, Hold: hold})
		waiting[next] = add(history.Event{Kind: history.Invoke, Op: history.Acquire})
		if rng.IntN(100) > 0 {
			add(history.Event{Kind: history.Return, Op: history.Release, ID: release, Outcome: history.OK})
		}
	}
	return b.History()
}

func BenchmarkExclusion(b *testing.B) {
	h := handovers(8, 5000)
	b.ReportAllocs()
	for b.Loop() {
		if v := (Exclusion{}).Check(h); v.Validity != Valid {
			b.Fatal(v.Why)
		}
	}
	b.ReportMetric(float64(len(h.Ops))*float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}
