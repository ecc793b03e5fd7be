package edn

import (
	"fmt"
	"slices"
	"time"

	"lockquake/checker/history"
)

// pairing puts operations together into a history.
type pairing struct {
	b     *history.Builder
	seq   int64
	at    time.Duration
	last  operation // the latest with an :index
	procs map[int32]*process
	next  int32
}

// process is one of Jepsen's, and where it stands.
type process struct {
	number int32         // ours
	open   history.Event // the invoke that has not returned; its Seq is 0 if there is none
	line   int           // of it
	holds  []hold        // what releases may give back, the outermost first
}

// hold is an acquire that its process has not given back yet.
type hold struct {
	id     history.OpID
	nested bool
}

func newPairing() *pairing {
	header := history.Header{Strategy: Strategy, Keys: []string{Key}}
	return &pairing{b: history.NewBuilder(header), procs: map[int32]*process{}}
}

func (p *pairing) history() history.History {
	h := p.b.History()
	h.Header.Clients = len(p.procs)
	return h
}

func (p *pairing) add(o operation) error {
	if err := p.order(o); err != nil {
		return err
	}
	p.at = max(p.at, o.at)
	switch {
	case o.nemesis:
		p.record(history.Event{Kind: history.Info, Op: history.Inject, Process: history.Nemesis, Client: history.Nemesis,
			Fault: o.name, Note: o.value, Error: o.err})
		return nil
	case o.types == invoke:
		return p.invoke(o)
	}
	return p.complete(o)
}

// order holds the file to its own indices.
func (p *pairing) order(o operation) error {
	if !o.indexed {
		return nil
	}
	if p.last.indexed && o.index <= p.last.index {
		return fmt.Errorf("line %d: expected :index above the %d of line %d, got %d", o.line, p.last.index, p.last.line, o.index)
	}
	p.last = o
	return nil
}

func (p *pairing) invoke(o operation) error {
	proc := p.process(o.process)
	if proc.open.Seq != 0 {
		return fmt.Errorf("line %d: expected :ok, :fail or :info of the :%s that process %d invoked on line %d, got its next :invoke",
			o.line, proc.open.Op, o.process, proc.line)
	}
	e := history.Event{Kind: history.Invoke, Op: o.op, Process: proc.number, Client: o.process, Key: Key}
	e.ID = history.OpID(p.seq + 1)
	e.Hold = e.ID
	if o.op == history.Release {
		e.Hold, e.Token = proc.gives(o.mode == history.Nested), o.token
	} else {
		e.Mode = o.mode
	}
	proc.open, proc.line = p.record(e), o.line
	return nil
}

func (p *pairing) complete(o operation) error {
	proc := p.process(o.process)
	e := proc.open
	if e.Seq == 0 || e.Op != o.op {
		return fmt.Errorf("line %d: expected an :invoke of :%s by process %d before its end, got none", o.line, o.name, o.process)
	}
	e.Kind, e.Outcome, e.Error = history.Return, outcomes[o.types], o.err
	if o.op == history.Acquire {
		e.Token = o.token
	}
	p.record(e)
	proc.open = history.Event{}
	proc.believe(e)
	if o.types == info {
		proc.number = p.number()
	}
	return nil
}

// gives is what a release gives back: the latest nested acquire, or else the latest other one; 0: nothing.
func (proc *process) gives(nested bool) history.OpID {
	for _, h := range slices.Backward(proc.holds) {
		if h.nested == nested {
			return h.id
		}
	}
	return 0
}

// believe keeps in mind what releases may give back. An acquire that failed changes nothing: a
// process that holds the lock may try it again in vain. A release that did not succeed may be
// tried again.
func (proc *process) believe(e history.Event) {
	switch {
	case e.Op == history.Acquire && e.Outcome != history.Fail:
		if e.Mode != history.Nested {
			proc.holds = proc.holds[:0]
		}
		proc.holds = append(proc.holds, hold{e.ID, e.Mode == history.Nested})
	case e.Op == history.Release && e.Outcome == history.OK:
		proc.holds = slices.DeleteFunc(proc.holds, func(h hold) bool { return h.id == e.Hold })
	}
}

func (p *pairing) process(number int32) *process {
	proc := p.procs[number]
	if proc == nil {
		proc = &process{number: p.number()}
		p.procs[number] = proc
	}
	return proc
}

func (p *pairing) number() int32 {
	p.next++
	return p.next - 1
}

// record adds the event and gives it as it was stamped.
func (p *pairing) record(e history.Event) history.Event {
	p.seq++
	e.Seq, e.At = p.seq, p.at
	p.b.Add(e)
	return e
}
