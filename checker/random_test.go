package checker

import (
	"cmp"
	"slices"
	"time"

	"pgregory.net/rapid"

	"lockquake/checker/history"
)

// world carries out random clients of one lock and its resource, one event at a time.
type world struct {
	t         *rapid.T
	honest    bool // the lock excludes and the answers about it are true
	b         *history.Builder
	seq       int64
	processes []*process
	spawned   int32
	held      bool // by somebody's belief
	token     int64
	value     int64 // of the resource
	written   int64 // the latest value given to a write
	pos       int64
}

// process is where a process of the world stands.
type process struct {
	id   int32
	open *history.Event // the invoke of its open operation
	hold *history.Event // the acquire whose hold it believes in
	read int64
}

// randomHistory is a history of three to four processes, whose operations overlap. An honest one is
// sound in every respect; any other may be.
func randomHistory(t *rapid.T, honest bool, steps int) history.History {
	w := &world{t: t, honest: honest, b: history.NewBuilder(history.Header{Fault: calm, TTL: time.Second, Settle: time.Minute})}
	for range rapid.IntRange(2, 4).Draw(t, "processes") {
		w.processes = append(w.processes, w.spawn())
	}
	for range steps {
		w.step(w.processes[rapid.IntRange(0, len(w.processes)-1).Draw(t, "process")])
	}
	if honest {
		w.end()
	}
	return w.b.History()
}

// end lets every process that still believes crash.
func (w *world) end() {
	for _, p := range w.processes {
		if p.hold != nil {
			w.add(p, history.Event{Kind: history.Info, Op: history.Crash, Hold: p.hold.ID})
		}
	}
}

func (w *world) spawn() *process {
	w.spawned++
	return &process{id: w.spawned - 1}
}

// retire puts a new process in the place of one that came to its end.
func (w *world) retire(p *process) { w.processes[slices.Index(w.processes, p)] = w.spawn() }

func (w *world) step(p *process) {
	switch {
	case p.open != nil:
		w.finish(p)
	case p.hold == nil:
		w.invoke(p, history.Event{Op: history.Acquire})
	default:
		w.believe(p)
	}
}

// believe lets a process do something with its hold.
func (w *world) believe(p *process) {
	e := history.Event{Hold: p.hold.ID, Token: p.hold.Token}
	switch e.Op = rapid.SampledFrom([]history.Op{history.Read, history.Write, history.Release, history.Release,
		history.Release, history.Lost, history.Crash}).Draw(w.t, "op"); e.Op {
	case history.Read:
		w.invoke(p, e)
	case history.Write:
		w.written++
		e.Value, e.Prev = w.written, p.read
		w.invoke(p, e)
	case history.Release:
		w.disbelieve(p)
		w.invoke(p, e)
	default:
		w.disbelieve(p)
		e.Kind = history.Info
		w.add(p, e)
	}
	if e.Op == history.Crash {
		w.retire(p)
	}
}

func (w *world) disbelieve(p *process) { w.held, p.hold = false, nil }

func (w *world) invoke(p *process, e history.Event) {
	e.Kind = history.Invoke
	e.ID = history.OpID(w.seq + 1)
	if e.Op == history.Acquire {
		e.Hold = e.ID
	}
	invoked := w.add(p, e)
	p.open = &invoked
}

func (w *world) finish(p *process) {
	e := *p.open
	e.Kind = history.Return
	e.Outcome = rapid.SampledFrom([]history.Outcome{history.OK, history.OK, history.OK, history.OK, history.Fail, history.Unknown}).Draw(w.t, "outcome")
	switch e.Op {
	case history.Acquire:
		w.finishAcquire(p, &e)
	case history.Read, history.Write:
		w.touch(p, &e)
	}
	p.open = nil
	w.add(p, e)
	if e.Outcome == history.Unknown {
		if p.hold != nil {
			w.disbelieve(p)
			w.add(p, history.Event{Kind: history.Info, Op: history.Crash, Hold: e.Hold})
		}
		w.retire(p)
	}
}

func (w *world) finishAcquire(p *process, e *history.Event) {
	if e.Outcome == history.OK && w.held && (w.honest || rapid.IntRange(0, 3).Draw(w.t, "honest") > 0) {
		e.Outcome = history.Fail
	}
	if e.Outcome == history.OK {
		w.token++
		e.Token, w.held = w.token, true
		p.hold, p.read = e, w.value
	}
}

// touch carries a read or write out, at its return. An unknown write of the honest world is lost.
func (w *world) touch(p *process, e *history.Event) {
	if e.Outcome != history.OK {
		return
	}
	w.pos++
	e.Pos = w.pos
	if e.Op == history.Write {
		w.value, p.read = e.Value, e.Value
		return
	}
	e.Value, p.read = w.value, w.value
}

func (w *world) add(p *process, e history.Event) history.Event {
	w.seq++
	e.Seq, e.At = w.seq, time.Duration(w.seq)*room*time.Microsecond
	e.Process, e.Client, e.Key = p.id, p.id, "k0"
	w.b.Add(e)
	return e
}

// lastRead adds what a cell ends with: a fresh process acquires, reads and releases.
func lastRead(h *history.History, value int64) {
	hold := addAt(h, nextSeq(h), history.Operation{Op: history.Acquire, Token: 1 << 20})
	addAt(h, nextSeq(h), history.Operation{Op: history.Read, Hold: hold, Token: 1 << 20, Value: value, Pos: 1 << 20})
	addAt(h, nextSeq(h), history.Operation{Op: history.Release, Hold: hold, Token: 1 << 20})
}

// room is how many sequence numbers spread leaves to each event.
const room = 10

// spread multiplies the sequence numbers, so that there is room between any two events.
func spread(h *history.History) {
	for i := range h.Ops {
		o := &h.Ops[i]
		o.ID, o.Hold, o.Call = o.ID*room, o.Hold*room, o.Call*room
		if o.Return != history.Open {
			o.Return *= room
		}
	}
	for i := range h.Infos {
		h.Infos[i].Seq, h.Infos[i].Hold = h.Infos[i].Seq*room, h.Infos[i].Hold*room
	}
}

// addAt adds an ok operation of a process of its own that takes two sequence numbers, and gives its id.
func addAt(h *history.History, seq int64, o history.Operation) history.OpID {
	at := time.Duration(seq) * time.Microsecond
	o.ID, o.Call, o.Return, o.CallAt, o.ReturnAt = history.OpID(seq), seq, seq+1, at, at
	o.Outcome, o.Key, o.Process, o.Client = history.OK, "k0", int32(1000+seq), 1000
	if o.Op == history.Acquire {
		o.Hold = o.ID
	}
	i, _ := slices.BinarySearchFunc(h.Ops, seq, func(o history.Operation, call int64) int { return cmp.Compare(o.Call, call) })
	h.Ops = slices.Insert(h.Ops, i, o)
	return o.ID
}

func nextSeq(h *history.History) int64 {
	last := int64(0)
	for i := range h.Ops {
		last = max(last, h.Ops[i].Call)
		if h.Ops[i].Return != history.Open {
			last = max(last, h.Ops[i].Return)
		}
	}
	for i := range h.Infos {
		last = max(last, h.Infos[i].Seq)
	}
	return last + 1
}
