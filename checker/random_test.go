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
	etcd

	t         *rapid.T
	header    history.Header
	kind      kind
	tries     bool // clients do not wait
	requeues  bool // who releases gets in line again
	hasty     bool // readers overtake writers that wait
	honest    bool // the lock excludes and the answers about it are true
	b         *history.Builder
	seq       int64
	processes []*process
	spawned   int32
	value     int64 // of the resource
	written   int64 // the latest value given to a write
	pos       int64
}

// process is where a client of the world stands, and its process.
type process struct {
	id     int32
	client int32
	lease  int64
	open   *history.Event  // the invoke of its open operation
	answer history.Outcome // that the open operation will have
	hold   *history.Event  // the acquire whose hold it believes in
	key    *key
	read   int64
	nested []history.Event // the acquires within that hold
	inner  []*key          // theirs, where they have keys of their own
	late   []history.Event // acquires to be released though their holds were lost
}

// worldOf draws what a kind of lock can do besides, and what its clients do.
func worldOf(t *rapid.T, k kind) *world {
	w := &world{t: t, kind: k}
	w.header = history.Header{Fault: calm, Keys: []string{"k0"}, TTL: time.Second, Settle: time.Minute}
	switch k {
	case semaphore:
		w.header.Permits, w.header.NoWrites = 2, true
	case readersWriter:
		w.hasty = rapid.Bool().Draw(t, "hasty")
	}
	w.tries = rapid.IntRange(0, 4).Draw(t, "tries") == 0
	w.requeues = k == mutex && rapid.Bool().Draw(t, "requeues")
	return w
}

// randomHistory is a history of two to four processes, whose operations overlap. An honest one is
// sound in every respect, if lastRead is added; any other may be.
func randomHistory(t *rapid.T, k kind, honest bool, steps int) history.History {
	w := worldOf(t, k)
	w.honest, w.b = honest, history.NewBuilder(w.header)
	for range rapid.IntRange(2, 4).Draw(t, "processes") + w.header.Permits {
		w.processes = append(w.processes, w.spawn())
	}
	for range steps {
		w.step(w.processes[rapid.IntRange(0, len(w.processes)-1).Draw(t, "process")])
		w.elapse()
	}
	if honest {
		w.end()
	}
	w.tellAll()
	return w.b.History()
}

// end lets nearly every open operation return, every process that still believes crash, and every lease end.
func (w *world) end() {
	w.record(history.Event{Kind: history.Info, Op: history.Stop, Process: history.Nemesis, Client: history.Nemesis})
	for _, p := range slices.Clone(w.processes) {
		if p.open != nil && rapid.IntRange(0, 9).Draw(w.t, "left open") > 0 {
			p.answer = history.Fail
			w.finish(p)
		}
		if p.hold != nil {
			w.add(p, history.Event{Kind: history.Info, Op: history.Crash, Hold: p.hold.ID})
		}
		w.expire(p.lease)
	}
	for _, lease := range w.orphans {
		w.expire(lease)
	}
}

func (w *world) spawn() *process {
	p := &process{id: w.spawned, client: w.spawned}
	w.spawned++
	w.grant(p)
	return p
}

func (w *world) grant(p *process) {
	w.leases++
	p.lease = w.leases
	w.add(p, history.Event{Kind: history.Info, Op: history.Granted, Lease: p.lease, Value: int64(time.Second)})
}

// retire puts a new process in the place of one that came to its end.
func (w *world) retire(p *process) {
	w.orphans = append(w.orphans, p.lease)
	w.processes[slices.Index(w.processes, p)] = w.spawn()
}

func (w *world) step(p *process) {
	switch {
	case p.open != nil:
		w.proceed(p)
	case len(p.late) > 0:
		w.invoke(p, history.Event{Op: history.Release, Hold: p.late[0].ID, Token: p.late[0].Token})
		p.late, p.answer = p.late[1:], history.Fail
	case p.hold == nil && p.key != nil && rapid.IntRange(0, 9).Draw(w.t, "given up") == 0:
		w.invoke(p, history.Event{Op: history.Close})
	case p.hold == nil:
		w.invoke(p, history.Event{Op: history.Acquire, Mode: w.mode(p)})
	default:
		w.believe(p)
	}
}

// mode is how a process asks for the lock. What it has a key for already, it got when it released.
func (w *world) mode(p *process) history.Mode {
	switch {
	case p.key != nil && p.key.mode == history.Queued:
		return history.Queued
	case w.kind == readersWriter && rapid.Bool().Draw(w.t, "shared"):
		return history.Shared
	case w.tries:
		return history.Tried
	}
	return history.Alone
}

// believe lets a process do something with its hold.
func (w *world) believe(p *process) {
	e := history.Event{Hold: p.hold.ID, Token: p.hold.Token}
	switch e.Op = rapid.SampledFrom(w.choices(p)).Draw(w.t, "op"); e.Op {
	case history.Acquire:
		w.invoke(p, history.Event{Op: history.Acquire, Mode: history.Nested})
	case history.Read:
		w.invoke(p, e)
	case history.Write:
		w.written++
		e.Value, e.Prev = w.written, p.read
		w.invoke(p, e)
	case history.Release:
		w.release(p, e)
	case history.Lost:
		p.hold, p.late, p.nested, p.inner = nil, p.nested, nil, nil
		e.Kind = history.Info
		w.add(p, e)
		w.lose(p)
	default:
		w.crash(p, e)
	}
}

// choices are what can be done with a hold.
func (w *world) choices(p *process) []history.Op {
	ops := []history.Op{history.Release, history.Release, history.Release, history.Lost, history.Crash}
	reader := p.hold.Mode == history.Shared
	if !w.header.NoWrites && !reader {
		ops = append(ops, history.Read, history.Write, history.Write)
	}
	if reader && !w.hasty { // or else its token would be newer than that of a writer to come
		ops = append(ops, history.Read)
	}
	if w.kind == reentrant {
		ops = append(ops, history.Acquire, history.Acquire, history.Acquire)
	}
	return ops
}

// release gives back the innermost hold.
func (w *world) release(p *process, e history.Event) {
	if n := len(p.nested); n > 0 {
		e.Hold, e.Token = p.nested[n-1].ID, p.nested[n-1].Token
		p.nested = p.nested[:n-1]
	} else {
		p.hold = nil
	}
	w.invoke(p, e)
}

// lose ends a process's lease, and gives it another one.
func (w *world) lose(p *process) {
	w.expire(p.lease)
	p.key = nil
	w.grant(p)
}

// crash names the outermost hold.
func (w *world) crash(p *process, e history.Event) {
	p.hold = nil
	e.Kind, e.Op = history.Info, history.Crash
	w.add(p, e)
	w.retire(p)
}

func (w *world) invoke(p *process, e history.Event) {
	e.Kind = history.Invoke
	e.ID = history.OpID(w.seq + 1)
	if e.Op == history.Acquire {
		e.Hold = e.ID
	}
	p.answer = rapid.SampledFrom([]history.Outcome{history.OK, history.OK, history.OK, history.OK, history.Fail, history.Unknown}).Draw(w.t, "outcome")
	invoked := w.add(p, e)
	p.open = &invoked
}

// proceed takes an open operation a step further. An acquire puts its key first, and then waits for its turn, if it
// does not only try; the answer to a release that fails is that the lease had ended.
func (w *world) proceed(p *process) {
	switch waits := p.open.Op == history.Acquire && p.open.Mode != history.Nested; {
	case waits && p.key == nil:
		p.key = w.create(p.lease, p.open.Mode)
	case waits && p.answer == history.OK && !w.turn(p.key) && (w.honest || rapid.IntRange(0, 3).Draw(w.t, "honest") > 0):
		if p.open.Mode == history.Tried || rapid.IntRange(0, 3).Draw(w.t, "impatient") == 0 {
			p.answer = history.Fail
		}
	default:
		w.finish(p)
	}
}

func (w *world) finish(p *process) {
	e := *p.open
	e.Kind, e.Outcome = history.Return, p.answer
	switch e.Op {
	case history.Acquire:
		w.finishAcquire(p, &e)
	case history.Release:
		w.finishRelease(p, &e)
	case history.Read, history.Write:
		w.touch(p, &e)
	case history.Close:
		w.remove(p.key, history.OK)
		p.key = nil
	}
	p.open = nil
	w.add(p, e)
	switch {
	case e.Outcome == history.Unknown && p.hold != nil && rapid.Bool().Draw(w.t, "goes on"):
		p.id = w.spawned
		w.spawned++
	case e.Outcome == history.Unknown && p.hold != nil:
		w.crash(p, history.Event{Hold: p.hold.ID})
	case e.Outcome == history.Unknown:
		w.retire(p)
	}
}

// finishAcquire leaves the key of an acquire that nobody knows the outcome of to its lease.
func (w *world) finishAcquire(p *process, e *history.Event) {
	switch {
	case e.Mode == history.Nested:
		w.finishNested(p, e)
	case e.Outcome == history.OK:
		e.Token, e.Lease, e.Note = p.key.token, p.key.lease, p.key.name()
		p.key.in = true
		p.hold, p.read = e, w.value
	case e.Outcome == history.Fail && e.Mode == history.Queued && rapid.Bool().Draw(w.t, "stays in line"):
		p.key.mode = history.Alone
	case e.Outcome == history.Fail:
		w.remove(p.key, history.OK)
		p.key = nil
	}
}

// finishNested answers with the key of the hold, or with another one of the same client.
func (w *world) finishNested(p *process, e *history.Event) {
	if e.Outcome != history.OK {
		return
	}
	k := p.key
	if rapid.Bool().Draw(w.t, "a key of its own") {
		k = w.create(p.lease, history.Nested)
		p.inner = append(p.inner, k)
	}
	e.Token, e.Lease, e.Note = k.token, k.lease, k.name()
	p.nested = append(p.nested, *e)
}

func (w *world) finishRelease(p *process, e *history.Event) {
	for i, k := range p.inner {
		if k.token != e.Token {
			continue
		}
		if p.inner = slices.Delete(p.inner, i, i+1); p.answer != history.Fail {
			w.remove(k, history.OK)
		}
		return
	}
	outermost := p.hold == nil && p.key != nil && e.Token == p.key.token
	switch {
	case !outermost:
	case p.answer == history.OK:
		w.remove(p.key, history.OK)
		p.key = nil
		if w.requeues {
			p.key = w.put(p.lease, history.Queued)
		}
	case p.answer == history.Fail:
		w.lose(p)
	case rapid.Bool().Draw(w.t, "carried out"):
		w.remove(p.key, history.OK)
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
	e.Process, e.Client, e.Key = p.id, p.client, "k0"
	return w.record(e)
}

func (w *world) record(e history.Event) history.Event {
	w.seq++
	e.Seq, e.At = w.seq, time.Duration(w.seq)*room*time.Microsecond
	if e.Op == history.Granted {
		e.Sent = e.At
	}
	w.b.Add(e)
	return e
}

// lastRead adds what a cell ends with: a fresh process acquires, reads, if there is something to read, and releases.
func lastRead(h *history.History, value int64) {
	hold := addAt(h, nextSeq(h), history.Operation{Op: history.Acquire, Token: 1 << 20})
	if h.Header.NoWrites {
		addAt(h, nextSeq(h), history.Operation{Op: history.Release, Hold: hold, Token: 1 << 20})
		return
	}
	addAt(h, nextSeq(h), history.Operation{Op: history.Read, Hold: hold, Token: 1 << 20, Value: value, Pos: 1 << 20})
	addAt(h, nextSeq(h), history.Operation{Op: history.Release, Hold: hold, Token: 1 << 20})
}

// room is how many sequence numbers, and revisions, spread leaves to each event.
const room = 10

// spread multiplies the sequence numbers and the revisions, so that there is room between any two events.
func spread(h *history.History) {
	for i := range h.Ops {
		o := &h.Ops[i]
		o.Hold, o.Call, o.Token = o.Hold*room, o.Call*room, o.Token*room
		if o.Return != history.Open {
			o.Return *= room
		}
	}
	for i := range h.Infos {
		e := &h.Infos[i]
		e.Seq, e.Hold, e.Token, e.Pos = e.Seq*room, e.Hold*room, e.Token*room, e.Pos*room
	}
}

// addAt adds an ok operation of a process of its own that takes two sequence numbers, and gives its id.
func addAt(h *history.History, seq int64, o history.Operation) history.OpID {
	at := time.Duration(seq) * time.Microsecond
	o.Call, o.Return, o.CallAt, o.ReturnAt = seq, seq+1, at, at
	o.Outcome, o.Process, o.Client = history.OK, int32(1000+seq), 1000
	o.Common = &history.Common{Key: "k0"}
	if o.Op == history.Acquire {
		o.Hold = o.ID()
	}
	i, _ := slices.BinarySearchFunc(h.Ops, seq, func(o history.Operation, call int64) int { return cmp.Compare(o.Call, call) })
	h.Ops = slices.Insert(h.Ops, i, o)
	return o.ID()
}

// altered is what an operation or observation has in common with others, but for an edit.
func altered(common *history.Common, edit func(*history.Common)) *history.Common {
	own := *common
	edit(&own)
	return &own
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
