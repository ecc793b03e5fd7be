package history

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Format and Version name the file format in the first line of a history file.
const (
	Format  = "lockquake-history"
	Version = 1
)

// Header is the first line of a history: what a judge must know of the cell that it came from.
// Durations are in nanoseconds in the file.
type Header struct {
	Format   string        `json:"format"`
	Version  int           `json:"version"`
	Strategy string        `json:"strategy"`
	Fault    string        `json:"fault"`
	Repeat   int           `json:"repeat"`
	Seed     uint64        `json:"seed"`
	Fenced   bool          `json:"fenced"`              // the resource refuses writes under an old token
	Workload string        `json:"workload,omitempty"`  // empty: register
	Permits  int           `json:"permits,omitempty"`   // how many may hold a key at a time; 0: one
	NoWrites bool          `json:"no_writes,omitempty"` // the workload has no resource
	Clients  int           `json:"clients"`
	Keys     []string      `json:"keys"`
	TTL      time.Duration `json:"ttl_ns"`
	Settle   time.Duration `json:"settle_ns"` // how long after the last heal a waiter may still wait
	Warmup   time.Duration `json:"warmup_ns"` // at the start, judged but not measured
}

// Open is the Return and ReturnAt of an operation that never returned: later than everything.
const Open = math.MaxInt64

// Operation is an invoke and its return, or an invoke that never returned (Unknown, Return = Open).
//
// Call and Return are sequence numbers: they order operations exactly, where two times may be equal.
// An operation that returned with an Unknown outcome has its return here, too; that it may take
// effect later is the judge's business.
type Operation struct {
	*Common  // never nil in what was read
	Call     int64
	Return   int64
	CallAt   time.Duration
	ReturnAt time.Duration
	Op       Op
	Outcome  Outcome
	Mode     Mode
	Process  int32
	Client   int32
	Hold     OpID // for an Acquire, its own
	Token    int64
	Value    int64
	Prev     int64
	Pos      int64
}

// ID identifies the operation.
func (o *Operation) ID() OpID { return OpID(o.Call) }

// Observation is a single event that is neither the beginning nor the end of an operation. Its fields
// are those of the Event. What an Alive tells of a Deleted is the Outcome of that.
type Observation struct {
	*Common // never nil in what was read
	Seq     int64
	At      time.Duration
	Op      Op
	Outcome Outcome
	Process int32
	Client  int32
	Hold    OpID
	Token   int64
	Value   int64
	Pos     int64
}

// Common is what many operations and observations are alike in, and what few have. Those that are alike share it,
// because a history has millions of them: it is not to be written to.
type Common struct {
	Key   string
	Lease int64
	Fault string
	Note  string
	Error string
	Sent  time.Duration
}

// History is everything that was recorded in one cell, in order.
type History struct {
	Header Header
	Ops    []Operation   // in the order of Call
	Infos  []Observation // in the order of Seq
	// Events is the number of events read.
	Events int64
	// Cut says why the history is not whole; empty: it was closed in order.
	Cut string
	// Garbled tells that Cut is not an early end but something that no lockquake wrote.
	Garbled bool
	// Faults of pairing, found while reading: returns without an invoke and the like, one sentence
	// each. Checker well-formed reports them.
	Defects []string
}

// Last is the time of the latest event.
func (h *History) Last() time.Duration {
	var last time.Duration
	for i := range h.Ops {
		last = max(last, h.Ops[i].CallAt)
		if h.Ops[i].ReturnAt != Open {
			last = max(last, h.Ops[i].ReturnAt)
		}
	}
	for i := range h.Infos {
		last = max(last, h.Infos[i].At)
	}
	return last
}

// Injection is one injected fault as it was carried out: an Inject and, after it, its Heal. Its
// window is [Inject.CallAt, Heal.ReturnAt].
type Injection struct {
	Inject Operation
	Heal   Operation // ID 0: never healed
}

// Observed tells whether the evidence of the injection was seen.
func (i Injection) Observed() bool { return i.Heal.Outcome == OK }

// End is the end of the injection's window, Open if it was never healed.
func (i Injection) End() time.Duration {
	if i.Heal.ID() == 0 {
		return Open
	}
	return i.Heal.ReturnAt
}

// Injections lists the injected faults in the order of their invokes. A heal names its injection in
// Hold.
func (h *History) Injections() []Injection {
	var all []Injection
	at := map[OpID]int{}
	for i := range h.Ops {
		switch o := &h.Ops[i]; o.Op {
		case Inject:
			at[o.ID()] = len(all)
			all = append(all, Injection{Inject: *o, Heal: Operation{Common: &Common{}}})
		case Heal:
			if i, ok := at[o.Hold]; ok {
				all[i].Heal = *o
			}
		}
	}
	return all
}

// Hold is the time in which one process believed that it held a key: from the return of a
// successful acquire to the first of: its release was invoked, it acted on Lost, its process
// crashed. Start and End are sequence numbers, StartAt and EndAt the times to them.
type Hold struct {
	Acquire *Operation
	Release *Operation // the last one that names the hold, whether or not it ended the belief; nil: none
	Start   int64
	End     int64 // Open: it believed to the end of the history
	StartAt time.Duration
	EndAt   time.Duration
	EndedBy Op // Release, Lost or Crash; 0 while open
}

// Believed tells whether an operation began a hold of its own: an acquire that came out ok. One that was Nested
// lies within the hold that its client had already, adds nothing to it and ends with it.
func (o *Operation) Believed() bool {
	return o.Op == Acquire && o.Outcome == OK && o.Mode != Nested
}

// Due is when an acquire should have begun. In an open loop that may be before it was invoked: its client
// was not free.
func (o *Operation) Due() time.Duration {
	if o.Value > 0 {
		return min(time.Duration(o.Value), o.CallAt)
	}
	return o.CallAt
}

// Holds lists the believed holds in the order of their starts. They point into h.Ops.
func (h *History) Holds() []Hold {
	holds := make([]Hold, 0, h.held())
	at := make([]int32, len(h.Ops)) // index of the hold of an acquire, plus 1
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Believed() {
			holds = append(holds, Hold{Acquire: o, Start: o.Return, StartAt: o.ReturnAt, End: Open, EndAt: Open})
			at[i] = int32(len(holds))
		}
	}
	held := func(before int, id OpID) *Hold {
		if i, ok := h.FindNear(before, id); ok && at[i] > 0 {
			return &holds[at[i]-1]
		}
		return nil
	}
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == Release {
			if hold := held(i, o.Hold); hold != nil {
				hold.Release = o
				hold.end(Release, o.Call, o.CallAt)
			}
		}
	}
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == Lost || e.Op == Crash {
			if hold := held(len(h.Ops), e.Hold); hold != nil {
				hold.end(e.Op, e.Seq, e.At)
			}
		}
	}
	slices.SortFunc(holds, func(a, b Hold) int { return cmp.Compare(a.Start, b.Start) })
	return holds
}

// held is the number of holds.
func (h *History) held() int {
	n := 0
	for i := range h.Ops {
		if h.Ops[i].Believed() {
			n++
		}
	}
	return n
}

func (hold *Hold) end(by Op, seq int64, at time.Duration) {
	if seq < hold.End {
		hold.End, hold.EndAt, hold.EndedBy = seq, at, by
	}
}

// Find is the operation with that id, nil if there is none.
func (h *History) Find(id OpID) *Operation {
	i, ok := h.index(id)
	if !ok {
		return nil
	}
	return &h.Ops[i]
}

// FindNear finds the place of an operation, and looks before another one first: what belongs together mostly
// lies together.
func (h *History) FindNear(place int, id OpID) (int, bool) {
	low, high := place, place
	for step := 1; low > 0 && (low == place || h.Ops[low].Call > int64(id)); step *= 2 {
		low, high = max(low-step, 0), low
	}
	at, ok := slices.BinarySearchFunc(h.Ops[low:high], int64(id), func(o Operation, call int64) int {
		return cmp.Compare(o.Call, call)
	})
	if !ok {
		return h.index(id)
	}
	return low + at, true
}

// index finds an operation by its id, which is the sequence number of its invoke.
func (h *History) index(id OpID) (int, bool) {
	return slices.BinarySearchFunc(h.Ops, int64(id), func(o Operation, call int64) int {
		return cmp.Compare(o.Call, call)
	})
}
