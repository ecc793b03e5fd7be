package checker

import (
	"fmt"
	"html"

	"github.com/anishathalye/porcupine"

	"lockquake/checker/history"
)

// model is the sequential model that the evidence is laid against, and what to call it. Porcupine
// puts states and metadata into its page as they are, so both are escaped here.
func (p *proof) model() (porcupine.Model, string) {
	m, name := p.lockModel(), "the model of "+p.kind().name(p.h.Header.Permits)
	if p.resource() {
		m, name = p.chainModel(), "the model of a register that is written value upon value and refuses old tokens"
	}
	m.DescribeOperation = func(input, _ any) string { return caption(input.(*history.Operation)) }
	m.DescribeOperationMetadata = func(info any) string { return html.EscapeString(info.(string)) }
	return m, name
}

// kind is that of the lock that the evidence is about.
func (p *proof) kind() kind { return kinds(p.h)[p.judged[0].Key] }

// held is a state of the lock: which of the judged acquires began holds that last, a bit each.
type held uint32

// lockModel is the lock as clients believed in it. What is not known to have happened changes nothing where it
// cannot have happened; but a release that the ground truth accuses did happen.
func (p *proof) lockModel() porcupine.Model {
	happened := func(o *history.Operation) bool {
		return o.Outcome != history.Unknown || p.v.Checker == "release"
	}
	return porcupine.Model{
		Init: func() any { return held(0) },
		Step: func(state, input, _ any) (bool, any) {
			holds, o := state.(held), input.(*history.Operation)
			switch own := holds & p.of(o.Hold); {
			case o.Op == history.Acquire && o.Outcome == history.OK:
				return p.admits(holds, o), holds | p.of(o.ID())
			case o.Op == history.Release && own == 0:
				return !happened(o), holds
			case o.Op == history.Release:
				return true, holds &^ own
			}
			return true, holds
		},
		DescribeState: func(state any) string { return p.describe(state.(held)) },
	}
}

// of is the state in which only one hold lasts; 0: it is not judged.
func (p *proof) of(acquire history.OpID) held {
	for i, o := range p.judged {
		if o.ID() == acquire {
			return 1 << i
		}
	}
	return 0
}

// admits tells whether one more client may come to those that hold; one that acquires again, only to itself.
func (p *proof) admits(holds held, a *history.Operation) bool {
	var all Holders
	others := false
	for i, o := range p.judged {
		if holds&(1<<i) == 0 {
			continue
		}
		others = others || o.Client != a.Client
		if o.Mode != history.Nested {
			all.Add(o.Mode, 1)
		}
	}
	if a.Mode == history.Nested {
		return !others
	}
	all.Add(a.Mode, 1)
	return !all.TooMany(p.h.Header.Permits)
}

func (p *proof) describe(holds held) string {
	var names []string
	for i, o := range p.judged {
		if holds&(1<<i) != 0 {
			names = append(names, clientName(o.Client)+how(o.Mode)+credentials(o.Token, o.Lease))
		}
	}
	if names == nil {
		return "free"
	}
	return "held by " + list(names)
}

// chain is a state of the register: the latest of the writes in the picture, 0 for what was there
// before them all, and the newest token that it was touched with.
type chain struct {
	write history.OpID
	token int64
}

// chainModel is the register whose writes each replace the value that they name, and that refuses old
// tokens. Most writes of a history are not in the picture, so that an operation is built upon the nearest write
// behind it that is: what lies between two of them does not matter for their order.
func (p *proof) chainModel() porcupine.Model {
	base := p.bases()
	return porcupine.Model{
		Init: func() any { return chain{} },
		Step: func(state, input, _ any) (bool, any) {
			s, o := state.(chain), input.(*history.Operation)
			next := chain{s.write, max(s.token, o.Token)}
			if o.Op == history.Read {
				return s.write == base[o.ID()], next
			}
			next.write = o.ID()
			return s.write == base[o.ID()] && (o.Token == 0 || o.Token >= s.token), next
		},
		DescribeState: func(state any) string {
			s := state.(chain)
			text := "the value before"
			if o := p.h.Find(s.write); o != nil {
				text = fmt.Sprintf("value %d, or one built upon it", o.Value)
			}
			return fmt.Sprintf("%s; newest token seen: %d", text, s.token)
		},
	}
}

// bases gives for each judged operation the judged write that it is built upon; none: 0.
func (p *proof) bases() map[history.OpID]history.OpID {
	shown := map[int64]history.OpID{}
	for _, o := range p.judged {
		if o.Op == history.Write {
			shown[o.Value] = o.ID()
		}
	}
	bases := map[history.OpID]history.OpID{}
	for _, r := range registers(p.h) {
		for _, o := range p.judged {
			if o.Key == r.key {
				bases[o.ID()] = r.base(o, shown)
			}
		}
	}
	return bases
}

// base walks back from what an operation read or replaced to the first value that was shown.
func (r *register) base(o *history.Operation, shown map[int64]history.OpID) history.OpID {
	value := o.Prev
	if o.Op == history.Read {
		value = o.Value
	}
	for range len(r.ops) + 1 { // values that were built upon each other in a circle are wrong, and end
		if id, ok := shown[value]; ok && id != o.ID() {
			return id
		}
		i, ok := r.values.find(value)
		if !ok {
			break
		}
		value = r.ops[i].Prev
	}
	return 0
}
