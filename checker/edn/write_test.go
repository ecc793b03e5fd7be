package edn_test

import (
	"bytes"
	"cmp"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	olympos "olympos.io/encoding/edn"
	"pgregory.net/rapid"

	"lockquake/checker"
	"lockquake/checker/edn"
	"lockquake/checker/history"
)

var update = flag.Bool("update", false, "write the golden file anew")

func written(t testing.TB, h *history.History, key string) string {
	t.Helper()
	var b bytes.Buffer
	if err := edn.Write(&b, h, key); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// scene is a history of everything that the writer knows: a loss with and without a release after
// it, a crash, an injection, a release without an answer, a process that was retired while it held the lock,
// another lock, and things that Jepsen's lock tests do not have.
func scene() history.History {
	w := world{b: history.NewBuilder(history.Header{Strategy: "mutex", Keys: []string{"k0", "k1"}})}
	take := func(process int32, key string, token int64) history.OpID {
		w.ms++ // a gap in time
		a := w.invoke(history.Event{Op: history.Acquire, Process: process, Key: key})
		w.end(a, history.OK, history.Event{Token: token})
		return a.ID
	}
	give := func(process int32, hold history.OpID, token int64, outcome history.Outcome, text string) {
		e := w.invoke(history.Event{Op: history.Release, Process: process, Key: "k0", Hold: hold, Token: token})
		w.end(e, outcome, history.Event{Error: text})
	}
	first := take(0, "k0", 1)
	take(1, "k1", 1)
	w.info(history.Event{Op: history.Lost, Process: 0, Key: "k0", Hold: first})
	give(0, first, 1, history.Fail, `"k0/694d" is not held`)
	second := take(0, "k0", 8)
	inject := w.invoke(history.Event{Op: history.Inject, Process: history.Nemesis, Fault: "pause-holder", Note: "c0"})
	w.end(inject, history.OK, history.Event{})
	write := w.invoke(history.Event{Op: history.Write, Process: 0, Key: "k0", Hold: second, Value: 1})
	w.end(write, history.Unknown, history.Event{Error: "deadline"})
	give(2, second, 8, history.OK, "")
	third := take(2, "k0", 18)
	w.info(history.Event{Op: history.Lost, Process: 2, Key: "k0", Hold: third})
	fourth := take(2, "k0", 22)
	heal := w.invoke(history.Event{Op: history.Heal, Process: history.Nemesis, Hold: inject.ID, Fault: "pause-holder"})
	w.end(heal, history.OK, history.Event{Note: "stalled", Error: "none"})
	give(2, fourth, 22, history.Unknown, "deadline")
	fifth := take(3, "k0", 30)
	w.info(history.Event{Op: history.Crash, Process: 3, Hold: fifth})
	w.invoke(history.Event{Op: history.Acquire, Process: 4, Key: "k0"})
	return w.b.History()
}

func TestWriteGolden(t *testing.T) {
	h := scene()
	got := written(t, &h, "k0")
	const golden = "testdata/written.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("%s(%v)", got, err)
	}
}

// What was written, another reader of EDN reads, and Knossos' rules hold in it.
func TestWrittenIsWhatJepsenExpects(t *testing.T) {
	types := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		h := randomHistory(rt)
		p := jepsenRules{t: rt, open: map[int64]line{}, retired: map[int64]bool{}}
		d := olympos.NewDecoder(strings.NewReader(written(t, &h, "k0")))
		for i := int64(0); ; i++ {
			var l line
			if err := d.Decode(&l); err != nil {
				break
			}
			if l.Index != i {
				rt.Fatalf("index %d after %d lines", l.Index, i)
			}
			p.add(l)
			types[string(l.Type)]++
		}
	})
	for _, name := range []string{"invoke", "ok", "fail", "info"} {
		if types[name] == 0 {
			t.Errorf("never wrote :%s: %v", name, types)
		}
	}
}

type line struct {
	Type    olympos.Keyword
	F       olympos.Keyword
	Process any
	Time    int64
	Index   int64
	Value   any
	Error   any
}

// jepsenRules are those on which knossos.history insists.
type jepsenRules struct {
	t       *rapid.T
	at      int64
	open    map[int64]line
	retired map[int64]bool
}

func (p *jepsenRules) add(l line) {
	if l.Time < p.at {
		p.t.Fatalf("time falls: %+v", l)
	}
	p.at = l.Time
	process, ok := l.Process.(int64)
	if !ok {
		if l.Process != olympos.Keyword("nemesis") || l.Type != "info" {
			p.t.Fatalf("%+v", l)
		}
		return
	}
	begun, running := p.open[process]
	switch {
	case l.F != "acquire" && l.F != "release":
		p.t.Fatalf("not of a mutex: %+v", l)
	case l.Type == "invoke" && (running || p.retired[process]):
		p.t.Fatalf("invoked by a process that cannot: %+v", l)
	case l.Type != "invoke" && (!running || begun.F != l.F):
		p.t.Fatalf("the end of nothing: %+v", l)
	case l.Type == "fail" && begun.Value != l.Value:
		p.t.Fatalf("failed with another value: %+v", l)
	}
	delete(p.open, process)
	if l.Type == "invoke" {
		p.open[process] = l
	}
	p.retired[process] = l.Type == "info"
}

// What was written and read again is judged as before, of each lock.
func TestReadingBackGivesTheSameVerdict(t *testing.T) {
	said := map[checker.Validity]int{}
	rapid.Check(t, func(rt *rapid.T) {
		h := randomHistory(rt)
		for _, key := range []string{"k0", "k1"} {
			text := written(t, &h, key)
			if text == "" {
				continue // nobody wanted that lock, and nothing was injected
			}
			again := read(t, text)
			mine := of(h, key)
			want, got := checker.Exclusion{}.Check(mine), checker.Exclusion{}.Check(again)
			if want.Validity != got.Validity || want.Judged != got.Judged || len(mine.Injections()) > 0 != (len(again.Infos) > 0) {
				rt.Fatalf("%v of %d holds became %v of %d:\n%s%s\n%s", want.Validity, want.Judged, got.Validity, got.Judged, text, want.Why, got.Why)
			}
			if v := (checker.Ownership{}).Check(again); v.Validity != checker.Valid {
				rt.Fatalf("ownership is %v: %s\n%s", v.Validity, v.Why, text)
			}
			if v := (checker.WellFormed{}).Check(again); len(again.Ops) > 0 && v.Validity != checker.Valid {
				rt.Fatalf("%s\n%s", v.Why, text)
			}
			said[got.Validity]++
		}
	})
	if said[checker.Valid] == 0 || said[checker.Invalid] == 0 {
		t.Errorf("a one-sided test: %v", said)
	}
}

// of is the part of a history that is about one lock.
func of(h history.History, key string) history.History {
	h.Ops = slices.DeleteFunc(slices.Clone(h.Ops), func(o history.Operation) bool { return o.Key != "" && o.Key != key })
	return h
}

// world records a history by hand.
type world struct {
	b   *history.Builder
	seq int64
	ms  int64
}

func (w *world) add(e history.Event) history.Event {
	w.seq++
	w.ms++
	e.Seq, e.At, e.Client = w.seq, time.Duration(w.ms)*time.Millisecond, cmp.Or(e.Client, e.Process)
	if e.Kind == history.Invoke {
		e.ID = history.OpID(e.Seq)
		if e.Op == history.Acquire {
			e.Hold = e.ID
		}
	}
	w.b.Add(e)
	return e
}

func (w *world) invoke(e history.Event) history.Event {
	e.Kind = history.Invoke
	return w.add(e)
}

func (w *world) info(e history.Event) {
	e.Kind = history.Info
	w.add(e)
}

func (w *world) end(e history.Event, outcome history.Outcome, more history.Event) {
	e.Kind, e.Outcome = history.Return, outcome
	e.Token, e.Error, e.Note = cmp.Or(more.Token, e.Token), more.Error, cmp.Or(more.Note, e.Note)
	w.add(e)
}

// actor is where a client of a random history stands.
type actor struct {
	process int32
	client  int32
	open    *history.Event
	hold    *history.Event  // its acquire; nil: it holds nothing
	nested  []history.Event // acquires within that
	late    []history.Event // those of them that were not released when it was lost
	lost    bool            // it knows that its hold is
	crashed bool
}

// randomHistory is one of three clients that want one of two locks, which may or may not exclude.
func randomHistory(t *rapid.T) history.History {
	w := world{b: history.NewBuilder(history.Header{Keys: []string{"k0", "k1"}})}
	actors := []*actor{{process: 0, client: 10}, {process: 1, client: 11}, {process: 2, client: 12}}
	next := int32(3)
	for range rapid.IntRange(4, 60).Draw(t, "steps") {
		a := rapid.SampledFrom(actors).Draw(t, "client")
		a.step(t, &w, rapid.IntRange(0, 19).Draw(t, "chance"))
		if a.crashed || a.process < 0 {
			a.process, next = next, next+1
		}
		if a.crashed {
			*a = actor{process: a.process, client: a.client}
		}
	}
	return w.b.History()
}

// step does the next thing. A process that is retired becomes -1.
func (a *actor) step(t *rapid.T, w *world, chance int) {
	switch {
	case a.open != nil:
		a.finish(t, w)
	case chance == 0:
		i := w.invoke(history.Event{Op: history.Inject, Process: history.Nemesis, Fault: "kill", Note: "all"})
		w.end(i, history.OK, history.Event{})
	case len(a.late) > 0:
		inner := a.late[len(a.late)-1]
		a.late = a.late[:len(a.late)-1]
		a.invoke(w, history.Event{Op: history.Release, Process: a.process, Key: inner.Key, Hold: inner.ID, Token: inner.Token})
	case a.hold == nil:
		key := rapid.SampledFrom([]string{"k0", "k0", "k1"}).Draw(t, "key")
		mode := rapid.SampledFrom([]history.Mode{history.Alone, history.Shared, history.Shared, history.Tried, history.Queued}).Draw(t, "mode")
		if key == "k1" {
			mode = history.Alone // which is nested
		}
		a.invoke(w, history.Event{Op: history.Acquire, Process: a.process, Key: key, Mode: mode})
	case chance == 1:
		w.info(history.Event{Op: history.Crash, Process: a.process, Hold: a.hold.ID, Key: a.hold.Key})
		a.crashed = true
	case chance < 5:
		w.info(history.Event{Op: history.Lost, Process: a.process, Hold: a.hold.ID, Key: a.hold.Key})
		a.late, a.nested, a.lost = append(a.late, a.nested...), nil, true
		if chance == 2 {
			a.hold = nil
		}
	case chance < 7:
		a.invoke(w, history.Event{Op: history.Write, Process: a.process, Key: a.hold.Key, Hold: a.hold.ID, Value: 7})
	case chance < 11 && a.hold.Key == "k1" && !a.lost:
		a.invoke(w, history.Event{Op: history.Acquire, Process: a.process, Key: "k1", Mode: history.Nested})
	case len(a.nested) > 0:
		inner := a.nested[len(a.nested)-1]
		a.nested = a.nested[:len(a.nested)-1]
		a.invoke(w, history.Event{Op: history.Release, Process: a.process, Key: inner.Key, Hold: inner.ID, Token: inner.Token})
	default:
		a.invoke(w, history.Event{Op: history.Release, Process: a.process, Key: a.hold.Key, Hold: a.hold.ID, Token: a.hold.Token})
	}
}

func (a *actor) invoke(w *world, e history.Event) {
	e.Client = a.client
	e = w.invoke(e)
	a.open = &e
}

func (a *actor) finish(t *rapid.T, w *world) {
	outcome := rapid.SampledFrom([]history.Outcome{history.OK, history.OK, history.OK, history.Fail, history.Unknown}).Draw(t, "outcome")
	e := *a.open
	a.open = nil
	if outcome == history.OK && e.Op == history.Acquire {
		e.Token = int64(e.ID)
		if e.Mode == history.Nested {
			a.nested = append(a.nested, e)
		} else {
			a.hold, a.lost = &e, false
		}
	}
	w.end(e, outcome, history.Event{})
	if e.Op == history.Release && a.hold != nil && e.Hold == a.hold.ID {
		a.hold = nil
	}
	if outcome == history.Unknown {
		a.process = -1
	}
}
