package edn_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/checker/edn"
	"lockquake/checker/history"
)

func TestSemaphoreIsRefused(t *testing.T) {
	for permits, refused := range map[int]bool{0: false, 1: false, 2: true} {
		h := scene()
		h.Header.Permits = permits
		var b bytes.Buffer
		err := edn.Write(&b, &h, "k0")
		if (err != nil) != refused || (b.Len() == 0) != refused {
			t.Errorf("permits %d: %d bytes, %v", permits, b.Len(), err)
		}
		if refused && !strings.Contains(err.Error(), "k0: it is a semaphore of 2 permits") {
			t.Error(err)
		}
	}
}

// An acquire says in the file how it asked for the lock, and says so again when it is read.
func TestModesAreWrittenAndRead(t *testing.T) {
	for m, word := range map[history.Mode]string{
		history.Alone: "", history.Shared: ", :mode :shared", history.Tried: ", :mode :tried", history.Queued: ", :mode :queued",
	} {
		w := world{b: history.NewBuilder(history.Header{})}
		a := w.invoke(history.Event{Op: history.Acquire, Key: "k0", Mode: m})
		w.end(a, history.OK, history.Event{Token: 1})
		h := w.b.History()
		text := written(t, &h, "k0")
		want := fmt.Sprintf("{:type :ok, :f :acquire, :value 1, :process 0, :time 2000000, :index 1%s}\n", word)
		if !strings.HasSuffix(text, want) {
			t.Errorf("%v: %s, wanted %s", m, text, want)
		}
		if got := read(t, text).Ops[0].Mode; got != m {
			t.Errorf("%v became %v", m, got)
		}
	}
	if m := read(t, `{:type :invoke, :f :acquire, :process 0, :mode :of-somebody-else}`).Ops[0].Mode; m != history.Alone {
		t.Errorf("a mode that is none of ours is %v", m)
	}
}

// reentered is a history in which a client acquires, acquires again, gives that back and then the rest.
func reentered(inner history.Outcome) history.History {
	w, process := world{b: history.NewBuilder(history.Header{})}, int32(0)
	if inner == history.Unknown {
		process = 1 // the first one ended
	}
	outer := w.invoke(history.Event{Op: history.Acquire, Key: "k0"})
	w.end(outer, history.OK, history.Event{Token: 1})
	nested := w.invoke(history.Event{Op: history.Acquire, Key: "k0", Mode: history.Nested})
	w.end(nested, history.OK, history.Event{Token: 1})
	e := w.invoke(history.Event{Op: history.Release, Key: "k0", Hold: nested.ID, Token: 1})
	w.end(e, inner, history.Event{})
	e = w.invoke(history.Event{Op: history.Release, Key: "k0", Hold: outer.ID, Token: 1, Process: process})
	w.end(e, history.OK, history.Event{})
	return w.b.History()
}

// Both releases name what they give back. A nested hold that ended nobody knows how is left out.
func TestNestedHoldsAreWrittenAndRead(t *testing.T) {
	for inner, want := range map[history.Outcome][]history.OpID{
		history.OK:      {1, 3, 3, 1},
		history.Unknown: {1, 1},
	} {
		h := reentered(inner)
		text := written(t, &h, "k0")
		again := read(t, text)
		var holds []history.OpID
		for _, o := range again.Ops {
			holds = append(holds, o.Hold)
		}
		if !slices.Equal(holds, want) {
			t.Errorf("%v: holds %v, wanted %v:\n%s", inner, holds, want, text)
		}
		for _, c := range []checker.Checker{checker.Exclusion{}, checker.Ownership{}, checker.WellFormed{}} {
			if v := c.Check(again); v.Validity != checker.Valid {
				t.Errorf("%v: %s is %v: %s", inner, v.Checker, v.Validity, v.Why)
			}
		}
	}
}
