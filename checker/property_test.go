package checker

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lockquake/checker/history"
	"lockquake/checker/linear"
)

// Porcupine and the scan over the holds must say the same of every kind of lock; and both must have said both.
func TestPorcupineAgreesWithScan(t *testing.T) {
	for k := mutex; k <= semaphore; k++ {
		t.Run(k.name(2), func(t *testing.T) {
			said := map[linear.Answer]int{}
			rapid.Check(t, func(t *rapid.T) {
				h := randomHistory(t, k, rapid.Bool().Draw(t, "honest"), rapid.IntRange(4, 80).Draw(t, "steps"))
				said[agreed(t, &h)]++
			})
			if said[linear.Valid] == 0 || said[linear.Invalid] == 0 {
				t.Errorf("a one-sided test: %v", said)
			}
		})
	}
}

// agreed is what both methods say.
func agreed(t *rapid.T, h *history.History) linear.Answer {
	found := linear.Valid
	if b := beliefs(h, everything)["k0"]; b != nil {
		found = linear.Check(b.ops, linear.Options{Lock: b.lock}).Answer
	}
	holds := h.Holds()
	_, n := first(overlaps(h))
	if counted, met := census(h); counted != len(holds) || met != n {
		t.Fatalf("%d holds with %d overlaps, %d and %d by their count in %+v %+v", len(holds), n, counted, met, h.Ops, h.Infos)
	}
	if found == linear.Undecided || (found == linear.Invalid) != (n > 0) {
		t.Fatalf("porcupine says %v, the scan found %d overlaps in %+v %+v", found, n, h.Ops, h.Infos)
	}
	if v := (Exclusion{}).Check(*h); v.Harness || (v.Validity == Invalid) != (n > 0) {
		t.Fatalf("exclusion says %v (%s), the scan found %d overlaps", v.Validity, v.Why, n)
	}
	return found
}

func anyKind(t *rapid.T) kind {
	return rapid.SampledFrom([]kind{mutex, reentrant, readersWriter, semaphore}).Draw(t, "kind")
}

func everything(*history.Operation) bool { return true }

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
			release.Call, release.Return = -2, -1
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
	for name, as := range map[string]func(*history.History){
		"mutex":     func(*history.History) {},
		"readers":   func(h *history.History) { askAs(h, history.Shared) },
		"semaphore": func(h *history.History) { h.Header.Permits = 3 },
	} {
		b.Run(name, func(b *testing.B) {
			h := handovers(8, 5000)
			as(&h)
			b.ReportAllocs()
			for b.Loop() {
				if v := (Exclusion{}).Check(h); v.Validity != Valid {
					b.Fatal(v.Why)
				}
			}
			b.ReportMetric(float64(len(h.Ops))*float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

// askAs makes all acquires of a mode.
func askAs(h *history.History, m history.Mode) {
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Acquire {
			o.Mode = m
		}
	}
}
