package history

import (
	"maps"
	"testing"
	"time"
)

// c0: |acquire 1|  |acquire 3 nested|  |release 5 of 3|  |release 7 of 1|  |acquire 9 nested|
// c1:                                                                      |acquire 11 nested|
func nestedHolds(second Mode) *History {
	common := &Common{Key: "k"}
	op := func(id OpID, op Op, m Mode, client int32, hold OpID) Operation {
		return Operation{Common: common, Call: int64(id), Return: int64(id) + 1, Op: op, Outcome: OK, Mode: m, Client: client, Hold: hold}
	}
	return &History{Ops: []Operation{
		op(1, Acquire, Alone, 0, 1), op(3, Acquire, second, 0, 3), op(5, Release, Alone, 0, 3),
		op(7, Release, Alone, 0, 1), op(9, Acquire, second, 0, 9), op(11, Acquire, second, 1, 11),
	}}
}

func TestNestedAcquiresLieInTheHoldOfTheirClient(t *testing.T) {
	h := nestedHolds(Nested)
	if got, want := h.Nesting(), (map[OpID]OpID{3: 1, 9: 0, 11: 0}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if holds := h.Holds(); len(holds) != 1 || holds[0].Acquire.ID() != 1 || holds[0].End != 7 {
		t.Errorf("holds %+v, want that of 1 only, to its release", holds)
	}
	h = nestedHolds(Alone) // the twin: none is nested
	if got := h.Nesting(); len(got) != 0 {
		t.Errorf("%v, want nothing", got)
	}
	if holds := h.Holds(); len(holds) != 4 {
		t.Errorf("%d holds, want 4", len(holds))
	}
}

// A hold that was lost, or whose process crashed, is none to acquire in.
func TestNothingIsNestedInWhatIsOver(t *testing.T) {
	for op, want := range map[Op]OpID{Lost: 0, Crash: 0, Renewed: 1} {
		h := nestedHolds(Nested)
		h.Ops = h.Ops[:2]
		h.Ops[1].Call, h.Ops[1].Return = 4, 5
		h.Infos = []Observation{{Common: &Common{}, Seq: 3, Op: op, Hold: 1}}
		if got := h.Nesting()[h.Ops[1].ID()]; got != want {
			t.Errorf("after %v: nested in %d, want %d", op, got, want)
		}
	}
}

func TestDueIsNeverAfterTheInvoke(t *testing.T) {
	for value, want := range map[int64]time.Duration{0: 20, 5: 5, 20: 20, 30: 20} {
		o := Operation{CallAt: 20, Value: value}
		if got := o.Due(); got != want {
			t.Errorf("due at %d: %v, want %v", value, got, want)
		}
	}
}

// Whatever is asked for from wherever: it is found if it is there.
func TestFindNear(t *testing.T) {
	h := &History{}
	for i := range 40 {
		h.Ops = append(h.Ops, Operation{Call: int64(3*i + 1)})
	}
	for place := range len(h.Ops) + 1 {
		for id := range OpID(125) {
			want, there := int(id-1)/3, id%3 == 1 && id < 120
			if got, ok := h.FindNear(place, id); ok != there || ok && got != want {
				t.Fatalf("operation %d near place %d: %d, %t, want %d, %t", id, place, got, ok, want, there)
			}
		}
	}
}
