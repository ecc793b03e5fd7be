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
	m, name := p.lockModel(), "the model of a mutex"
	if p.resource() {
		m, name = p.chainModel(), "the model of a register that is written value upon value and refuses old tokens"
	}
	m.DescribeOperation = func(input, _ any) string { return caption(input.(*history.Operation)) }
	m.DescribeOperationMetadata = func(info any) string { return html.EscapeString(info.(string)) }
	return m, name
}

// lockModel is the mutex as clients believed in it. Its state is the acquire whose hold it is, 0: free. What is
// not known to have happened changes nothing where it cannot have happened; but a release that the ground
// truth accuses did happen.
func (p *proof) lockModel() porcupine.Model {
	happened := func(o *history.Operation) bool {
		return o.Outcome != history.Unknown || p.v.Checker == "release"
	}
	return porcupine.Model{
		Init: func() any { return history.OpID(0) },
		Step: func(state, input, _ any) (bool, any) {
			holder, o := state.(history.OpID), input.(*history.Operation)
			switch {
			case o.Op == history.Acquire && o.Outcome == history.OK:
				return holder == 0, o.ID
			case o.Op == history.Release && holder == o.Hold:
				return true, history.OpID(0)
			case o.Op == history.Release:
				return !happened(o), holder
			}
			return true, holder
		},
		DescribeState: func(state any) string {
			if o := p.h.Find(state.(history.OpID)); o != nil {
				return "held by " + clientName(o.Client) + credentials(o.Token, o.Lease)
			}
			return "free"
		},
	}
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
				return s.write == base[o.ID], next
			}
			next.write = o.ID
			return s.write == base[o.ID] && (o.Token == 0 || o.Token >= s.token), next
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
			shown[o.Value] = o.ID
		}
	}
	bases := map[history.OpID]history.OpID{}
	for _, r := range registers(p.h) {
		for _, o := range p.judged {
			if o.Key == r.key {
				bases[o.ID] = r.base(o, shown)
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
		if id, ok := shown[value]; ok && id != o.ID {
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
