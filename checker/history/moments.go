package history

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Moment is one event of a history: the beginning or the end of Op, or else Info.
type Moment struct {
	Seq  int64
	At   time.Duration
	Op   *Operation
	Ends bool // Op returned
	Info *Observation
}

// Moments yields the events in their order, keeping no more of them than are open at a time. The order is that
// of Seq if the history is sound: its operations in the order of Call, its observations in that of Seq.
func (h *History) Moments() iter.Seq[Moment] {
	return func(yield func(Moment) bool) {
		m := moments{ops: h.Ops, infos: h.Infos}
		for next, ok := m.next(); ok; next, ok = m.next() {
			if !yield(next) {
				return
			}
		}
	}
}

// moments is what is still to come.
type moments struct {
	ops   []Operation
	infos []Observation
	open  []*Operation // that will return, the next one last
}

func (m *moments) next() (Moment, bool) {
	call, seq, ret := int64(Open), int64(Open), int64(Open)
	if len(m.ops) > 0 {
		call = m.ops[0].Call
	}
	if len(m.infos) > 0 {
		seq = m.infos[0].Seq
	}
	if len(m.open) > 0 {
		ret = m.open[len(m.open)-1].Return
	}
	switch {
	case call == Open && seq == Open && ret == Open:
		return Moment{}, false
	case ret < min(call, seq):
		o := m.open[len(m.open)-1]
		m.open = m.open[:len(m.open)-1]
		return Moment{Seq: ret, At: o.ReturnAt, Op: o, Ends: true}, true
	case call <= seq:
		o := &m.ops[0]
		m.ops = m.ops[1:]
		m.await(o)
		return Moment{Seq: call, At: o.CallAt, Op: o}, true
	}
	e := &m.infos[0]
	m.infos = m.infos[1:]
	return Moment{Seq: seq, At: e.At, Info: e}, true
}

// await keeps in mind that an operation will return. Mostly it is the next one to.
func (m *moments) await(o *Operation) {
	if o.Return == Open {
		return
	}
	i, _ := slices.BinarySearchFunc(m.open, o.Return, func(open *Operation, ret int64) int { return cmp.Compare(ret, open.Return) })
	m.open = slices.Insert(m.open, i, o)
}
