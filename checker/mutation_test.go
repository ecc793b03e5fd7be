package checker

import (
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lockquake/checker/history"
)

// go test ./checker -run Proof -seed 7 begins with that history; a failure says which one it was.
var firstSeed = flag.Int("seed", 1, "seed of the first random history")

const (
	proven  = 10_000 / slowdown // sound histories that nobody may accuse
	spoiled = 400 / slowdown    // of each kind of mutant, to be caught
)

// example is what a random generator makes of a seed, always the same.
func example[T any](seed int, make func(*rapid.T) T) T { return rapid.Custom(make).Example(seed) }

// honest is a sound random history of a kind of lock with room between its events, yet without a last read.
func honest(t *rapid.T, k kind) history.History {
	h := randomHistory(t, k, true, rapid.IntRange(40, 120).Draw(t, "steps"))
	spread(&h)
	return h
}

// whole is a sound random history of any kind of lock.
func whole(t *rapid.T) history.History {
	h := honest(t, anyKind(t))
	lastRead(&h, newest(&h))
	return h
}

func TestProofThatSoundHistoriesAreNotAccused(t *testing.T) {
	t.Logf("seeds from %d", *firstSeed)
	valid, acquired := map[string]int{}, map[history.Mode]int{}
	for seed := range proven {
		seed += *firstSeed
		h := example(seed, whole)
		for i := range h.Ops {
			if o := &h.Ops[i]; o.Op == history.Acquire && o.Outcome == history.OK {
				acquired[o.Mode]++
			}
		}
		for _, c := range all() {
			v := c.Check(h)
			if v.Validity == Invalid || v.Harness {
				t.Fatalf("seed %d: %s is %v: %s\n%s", seed, v.Checker, v.Validity, v.Why, strings.Join(v.Story, "\n"))
			}
			if v.Validity == Valid && v.Judged > 0 {
				valid[v.Checker]++
			}
		}
	}
	t.Logf("found valid: %v of %d; acquired: %v", valid, proven, acquired)
	for _, name := range []string{"well-formed", "exclusion", "lease-bounded", "grant", "release", "progress"} {
		if valid[name] < proven/2 {
			t.Errorf("%s judged only %d of %d histories", name, valid[name], proven)
		}
	}
	if valid["fencing"] < proven/4 { // those of semaphores have no writes
		t.Errorf("fencing judged only %d of %d histories", valid["fencing"], proven)
	}
	for m := history.Alone; m <= history.Queued; m++ {
		if acquired[m] < proven/20 {
			t.Errorf("only %d acquires were %v", acquired[m], m)
		}
	}
}

// What the watch did not see accuses nobody, and does not hide everything.
func TestProofThatGapsAccuseNobody(t *testing.T) {
	t.Logf("seeds from %d", *firstSeed)
	found := map[Validity]int{}
	for seed := range proven / 10 {
		seed += *firstSeed
		h := example(seed, func(t *rapid.T) history.History {
			h := whole(t)
			blind(t, &h)
			return h
		})
		for _, c := range []Checker{Grant{}, Release{}} {
			v := c.Check(h)
			if v.Validity == Invalid || v.Harness {
				t.Fatalf("seed %d: %s is %v: %s\n%s", seed, v.Checker, v.Validity, v.Why, strings.Join(v.Story, "\n"))
			}
			if v.Checker == "grant" {
				found[v.Validity]++
			}
		}
	}
	if found[Valid] == 0 || found[Unknown] == 0 {
		t.Errorf("a one-sided test: %v", found)
	}
}

// A kill leaves operations open and the ground truth behind; nobody is to blame for that.
func TestProofThatKillsAccuseNobody(t *testing.T) {
	t.Logf("seeds from %d", *firstSeed)
	for seed := range proven / 10 {
		seed += *firstSeed
		h := example(seed, func(t *rapid.T) history.History {
			h := whole(t)
			kill(&h, rapid.Int64Range(1, nextSeq(&h)).Draw(t, "last event"))
			return h
		})
		for _, c := range all() {
			if v := c.Check(h); v.Validity == Invalid || v.Harness {
				t.Fatalf("seed %d: %s is %v: %s\n%s", seed, v.Checker, v.Validity, v.Why, strings.Join(v.Story, "\n"))
			}
		}
	}
}

// kill leaves of a history what was recorded up to an event.
func kill(h *history.History, last int64) {
	h.Cut = "killed"
	h.Infos = slices.DeleteFunc(h.Infos, func(e history.Observation) bool { return e.Seq > last })
	h.Ops = slices.DeleteFunc(h.Ops, func(o history.Operation) bool { return o.Call > last })
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Return <= last {
			continue
		}
		o.Return, o.ReturnAt, o.Outcome, o.Pos = history.Open, history.Open, history.Unknown, 0
		if o.Op == history.Acquire {
			o.Token, o.Common = 0, &history.Common{Key: o.Key}
		}
	}
}

// blind takes a stretch of revisions from the ground truth, as a compaction does.
func blind(t *rapid.T, h *history.History) {
	var seen []history.Observation
	for _, e := range h.Infos {
		if e.Op == history.Created || e.Op == history.Deleted {
			seen = append(seen, e)
		}
	}
	if len(seen) == 0 {
		return
	}
	first := rapid.IntRange(0, len(seen)-1).Draw(t, "first")
	last := rapid.IntRange(first, min(first+8, len(seen)-1)).Draw(t, "last")
	from, until := seen[first].Pos, seen[last].Pos+1
	h.Infos = slices.DeleteFunc(h.Infos, func(e history.Observation) bool { return from <= e.Pos && e.Pos < until })
	tells := seen[last]
	tells.Op, tells.Pos, tells.Value, tells.Token = history.Gap, from, until, 0
	tells.Common = altered(tells.Common, func(c *history.Common) { c.Note = "" })
	h.Infos = append(h.Infos, tells)
	for _, e := range seen {
		alive := e.Op == history.Created && e.Pos < until && !slices.ContainsFunc(seen, func(d history.Observation) bool {
			return d.Op == history.Deleted && d.Token == e.Token && d.Pos < until
		})
		if alive {
			tells.Seq++
			e.Seq, e.At, e.Pos = tells.Seq, tells.At, until-1
			h.Infos = append(h.Infos, e)
		}
	}
	resort(h)
}

// mutants spoil a sound history in one respect, and give the value that its last read sees; false:
// there was nothing to spoil.
var mutants = []struct {
	name   string
	of     kind
	spoil  func(*rapid.T, *history.History) (int64, bool)
	caught Checker
	why    string
}{
	{"an overlap", mutex, secondHolder, Exclusion{}, "both held k0"},
	{"a stolen release", mutex, stolenRelease, Release{}, "its lease alive"},
	{"a token used again", mutex, usedToken, Grant{}, "the strategy mixed them up"},
	{"a lost update", mutex, lostWrite, Fencing{}, "acknowledged update lost"},
	{"a fork", mutex, fork, Fencing{}, "1 forked"},
	{"a write under an old token", mutex, staleWrite, Fencing{}, "stale write accepted"},
	{"a grant after the end of the lease", mutex, lateGrant, Grant{}, "the strategy"},
	{"a grant before its turn", mutex, earlyGrant, Grant{}, "the strategy did not wait for it"},
	{"a waiter that never resolves", mutex, lostWaiter, Progress{}, "in vain"},
	{"a missing return", mutex, missingReturn, WellFormed{}, "while another operation of its process was open"},
	{"a step of the clock", mutex, clockStep, WellFormed{}, "earlier"},
	{"an operation of a process that had to end", mutex, afterlife, WellFormed{}, "had to end after an unknown outcome"},
	{"two writers", readersWriter, besideWriter(history.Alone), Exclusion{}, "both held k0"},
	{"a reader beside a writer", readersWriter, besideWriter(history.Shared), Exclusion{}, "both held k0"},
	{"a writer beside a reader", readersWriter, besideReader, Exclusion{}, "(shared) and c1000 both held k0"},
	{"a third holder of two permits", semaphore, thirdHolder, Exclusion{}, "3 where 2 may"},
	{"an inner release that frees the lock", reentrant, freedTooEarly, Exclusion{}, "both held k0"},
	{"a nested acquire of who holds nothing", reentrant, nestedInNothing, WellFormed{}, "its client held nothing"},
	{"a reader that did not wait for a writer", readersWriter, earlyReader, Grant{}, "was still there: the strategy did not wait"},
}

// mutant is a spoiled history; not ok: there was nothing to spoil.
type mutant struct {
	history history.History
	ok      bool
}

func TestProofThatMutantsAreCaught(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Logf("seeds from %d", *firstSeed)
			make := func(t *rapid.T) mutant {
				h := honest(t, m.of)
				value, ok := m.spoil(t, &h)
				lastRead(&h, value)
				return mutant{h, ok}
			}
			n := 0
			for seed := *firstSeed; n < spoiled; seed++ {
				if seed > *firstSeed+20*spoiled {
					t.Fatalf("only %d of %d histories could be spoiled", n, 20*spoiled)
				}
				x := example(seed, make)
				if !x.ok {
					continue
				}
				n++
				if v := m.caught.Check(x.history); v.Validity != Invalid || !strings.Contains(v.Why, m.why) {
					t.Fatalf("seed %d: %s is %v: %s", seed, v.Checker, v.Validity, v.Why)
				}
			}
		})
	}
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

func secondHolder(t *rapid.T, h *history.History) (int64, bool) {
	holds := h.Holds()
	if len(holds) == 0 {
		return 0, false
	}
	hold := rapid.SampledFrom(holds).Draw(t, "hold")
	addAt(h, hold.Start+1, history.Operation{Op: history.Acquire, Token: 1 << 19})
	return newest(h), true
}

// besideWriter adds a hold while a writer's lasts.
func besideWriter(m history.Mode) func(*rapid.T, *history.History) (int64, bool) {
	return func(t *rapid.T, h *history.History) (int64, bool) {
		hold, ok := pick(t, h, func(hold history.Hold) bool { return hold.Acquire.Mode != history.Shared })
		if ok {
			addAt(h, hold.Start+1, history.Operation{Op: history.Acquire, Mode: m, Token: 1 << 19})
		}
		return newest(h), ok
	}
}

func besideReader(t *rapid.T, h *history.History) (int64, bool) {
	hold, ok := pick(t, h, func(hold history.Hold) bool { return hold.Acquire.Mode == history.Shared })
	if ok {
		addAt(h, hold.Start+1, history.Operation{Op: history.Acquire, Token: 1 << 19})
	}
	return newest(h), ok
}

// thirdHolder adds a hold where two begin to hold together.
func thirdHolder(t *rapid.T, h *history.History) (int64, bool) {
	holds := h.Holds()
	hold, ok := pick(t, h, func(newer history.Hold) bool {
		return slices.ContainsFunc(holds, func(older history.Hold) bool { return older.Start < newer.Start && older.End > newer.Start+2 })
	})
	if ok {
		addAt(h, hold.Start+1, history.Operation{Op: history.Acquire, Token: 1 << 19})
	}
	return newest(h), ok
}

// freedTooEarly lets somebody else acquire when a nested hold was released.
func freedTooEarly(t *rapid.T, h *history.History) (int64, bool) {
	outer := h.Nesting()
	var inner []history.Operation
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Release && outer[o.Hold] != 0 && o.Return != history.Open {
			hold := slices.IndexFunc(h.Holds(), func(hold history.Hold) bool { return hold.Acquire.ID() == outer[o.Hold] })
			if hold >= 0 && h.Holds()[hold].End > o.Return {
				inner = append(inner, *o)
			}
		}
	}
	if len(inner) == 0 {
		return 0, false
	}
	addAt(h, rapid.SampledFrom(inner).Draw(t, "release").Return+1, history.Operation{Op: history.Acquire, Token: 1 << 19})
	return newest(h), true
}

func nestedInNothing(t *rapid.T, h *history.History) (int64, bool) {
	hold, ok := pick(t, h, func(history.Hold) bool { return true })
	if ok {
		hold.Acquire.Mode = history.Nested
	}
	return newest(h), ok
}

// earlyReader keeps the key of a writer that a reader waited for until both could not have been in together, and
// the reader's until after that.
func earlyReader(t *rapid.T, h *history.History) (int64, bool) {
	hold, ok := pick(t, h, func(hold history.Hold) bool {
		gone := rival(h, hold)
		return hold.Acquire.Mode == history.Shared && gone != nil && slices.ContainsFunc(h.Holds(), func(other history.Hold) bool {
			return other.Acquire.Token == gone.Token && other.Acquire.Mode != history.Shared
		})
	})
	if !ok {
		return 0, false
	}
	value, ok := keepAlive(h, rival(h, hold))
	own := told(h, history.Deleted, hold.Acquire.Token)
	own.Seq, own.Pos = nextSeq(h)+1, 1<<18+2
	resort(h)
	return value, ok
}

// staleWrite replaces the newest value under the oldest token: the chain is whole, only the token
// is wrong.
func staleWrite(_ *rapid.T, h *history.History) (int64, bool) {
	holds, writes := h.Holds(), accepted(h)
	if len(writes) == 0 || holds[0].Acquire.Token == writes[len(writes)-1].Token {
		return 0, false
	}
	const stale = 1 << 30
	addAt(h, nextSeq(h), history.Operation{Op: history.Write, Hold: holds[0].Acquire.ID(), Token: holds[0].Acquire.Token,
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

// told finds what the ground truth tells of a token, nil if nothing.
func told(h *history.History, op history.Op, token int64) *history.Observation {
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == op && e.Token == token {
			return e
		}
	}
	return nil
}

// resort puts the observations in order again after one was moved.
func resort(h *history.History) {
	slices.SortFunc(h.Infos, func(a, b history.Observation) int { return int(a.Seq - b.Seq) })
}

// revisionBefore is one that lies between the last that was told before a sequence number, and the next.
func revisionBefore(h *history.History, seq int64) int64 {
	latest := int64(0)
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Seq < seq {
			latest = max(latest, e.Pos)
		}
	}
	return latest + 1
}

// pick draws one of the holds that can be spoiled.
func pick(t *rapid.T, h *history.History, can func(history.Hold) bool) (history.Hold, bool) {
	holds := slices.DeleteFunc(h.Holds(), func(hold history.Hold) bool { return !can(hold) })
	if len(holds) == 0 {
		return history.Hold{}, false
	}
	return rapid.SampledFrom(holds).Draw(t, "hold"), true
}

// stolenRelease deletes the key of a hold, as soon as the watch has told of it, before its owner releases
// it; who did it had no business with it.
func stolenRelease(t *rapid.T, h *history.History) (int64, bool) {
	when := func(hold history.Hold) int64 {
		created := told(h, history.Created, hold.Acquire.Token)
		return max(created.Seq, hold.Start) + 1
	}
	hold, ok := pick(t, h, func(hold history.Hold) bool {
		gone := told(h, history.Deleted, hold.Acquire.Token)
		return gone != nil && gone.Outcome == history.OK && hold.EndedBy == history.Release && when(hold) < hold.End
	})
	if !ok {
		return 0, false
	}
	gone := told(h, history.Deleted, hold.Acquire.Token)
	gone.Seq, gone.Pos = when(hold), revisionBefore(h, when(hold))
	gone.At = time.Duration(gone.Seq) * time.Microsecond
	hold.Release.Outcome = history.Fail
	resort(h)
	return newest(h), true
}

// usedToken answers an acquire with the token that another client got before.
func usedToken(t *rapid.T, h *history.History) (int64, bool) {
	holds := h.Holds()
	hold, ok := pick(t, h, func(hold history.Hold) bool { return hold.Acquire.Lease != holds[0].Acquire.Lease })
	if !ok {
		return 0, false
	}
	hold.Acquire.Token = holds[0].Acquire.Token
	return newest(h), true
}

// rival is what the ground truth tells of the end of the key that a hold's key had to wait for, nil if it
// had to wait for none.
func rival(h *history.History, hold history.Hold) *history.Observation {
	var last *history.Observation
	for i := range h.Infos {
		e := &h.Infos[i]
		if e.Op == history.Deleted && e.Token < hold.Acquire.Token && e.Pos > hold.Acquire.Token && (last == nil || e.Pos > last.Pos) {
			last = e
		}
	}
	return last
}

// lateGrant ends the lease of a waiter before its turn.
func lateGrant(t *rapid.T, h *history.History) (int64, bool) {
	hold, ok := pick(t, h, func(hold history.Hold) bool { return rival(h, hold) != nil })
	if !ok {
		return 0, false
	}
	gone, before := told(h, history.Deleted, hold.Acquire.Token), rival(h, hold)
	gone.Seq, gone.Pos, gone.At, gone.Outcome = before.Seq-1, before.Pos-1, before.At, history.Fail
	resort(h)
	return newest(h), true
}

// earlyGrant keeps an older key alive: it is deleted only after a key that was asked for when the grant was
// over.
func earlyGrant(t *rapid.T, h *history.History) (int64, bool) {
	hold, ok := pick(t, h, func(hold history.Hold) bool { return rival(h, hold) != nil })
	if !ok {
		return 0, false
	}
	return keepAlive(h, rival(h, hold))
}

// keepAlive lets a key go only after one that is asked for when all else is over.
func keepAlive(h *history.History, gone *history.Observation) (int64, bool) {
	late := nextSeq(h)
	const token, lease = 1 << 18, 99
	common := &history.Common{Key: "k0", Lease: lease, Note: "k0/99"}
	key := history.Observation{Common: common, Op: history.Created, Seq: late + 5, At: gone.At, Token: token, Pos: token}
	h.Find(addAt(h, late, history.Operation{Op: history.Acquire, Token: token})).Common = common
	gone.Seq, gone.Pos = late+6, token+1
	h.Infos = append(h.Infos, key)
	resort(h)
	return newest(h), true
}

// lostWaiter adds an acquire that is still open when its patience has long come to an end.
func lostWaiter(t *rapid.T, h *history.History) (int64, bool) {
	at := rapid.Int64Range(1, nextSeq(h)/room).Draw(t, "at")*room + 1
	waiter := h.Find(addAt(h, at, history.Operation{Op: history.Acquire}))
	waiter.Return, waiter.ReturnAt, waiter.Outcome = history.Open, history.Open, history.Unknown
	late := nextSeq(h) + int64(2*h.Header.Settle/time.Microsecond)
	h.Infos = append(h.Infos, history.Observation{Common: &history.Common{}, Op: history.Renewed, Seq: late, At: time.Duration(late) * time.Microsecond})
	return newest(h), true
}

// missingReturn forgets that an operation returned whose process went on.
func missingReturn(t *rapid.T, h *history.History) (int64, bool) {
	var went []*history.Operation
	latest := map[int32]*history.Operation{}
	for i := range h.Ops {
		o := &h.Ops[i]
		if before := latest[o.Process]; before != nil {
			went = append(went, before)
		}
		latest[o.Process] = o
	}
	if len(went) == 0 {
		return 0, false
	}
	o := rapid.SampledFrom(went).Draw(t, "operation")
	o.Return, o.ReturnAt, o.Outcome = history.Open, history.Open, history.Unknown
	return newest(h), true
}

// clockStep sets the clock back at the invoke of an operation.
func clockStep(t *rapid.T, h *history.History) (int64, bool) {
	i := rapid.IntRange(1, len(h.Ops)-1).Draw(t, "operation")
	h.Ops[i].CallAt = h.Ops[0].CallAt - 1
	return newest(h), true
}
