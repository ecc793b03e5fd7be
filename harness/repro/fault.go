package repro

import (
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/network"
)

// heal undoes a fault, and tells whether there is evidence that it did harm, in words.
type heal func() (observed bool, evidence string)

// strikes records a fault that was done, and gives the func that heals it. All of a script have the name that the
// reproduction gives.
func (s *scene) strikes(target string, lease clientv3.LeaseID, do func() heal) (healed func()) {
	fault := s.script.Fault
	e := history.Event{Op: history.Inject, Process: history.Nemesis, Client: history.Nemesis, Fault: fault, Lease: int64(lease)}
	call := s.rec.Invoke(e)
	undo := do()
	call.Return(history.OK, history.Event{Fault: fault, Note: target})
	s.tell("%s: %s", fault, target)
	return func() {
		e.Op, e.Hold, e.Lease = history.Heal, call.ID(), 0
		call := s.rec.Invoke(e)
		observed, evidence := undo()
		outcome := history.Unknown
		if observed {
			outcome = history.OK
		}
		call.Return(outcome, history.Event{Fault: fault, Note: evidence})
		s.tell("%s healed: %s", fault, evidence)
	}
}

// cuts holds all that goes between a client and etcd. With what its process does meanwhile that is a partition;
// if it does nothing, it is a pause.
func (p *process) cuts() (healed func()) {
	return p.s.strikes(p.String(), 0, func() heal {
		to, from := p.client.Links(0)
		out, in := to.Impose(network.Rule{Held: true}), from.Impose(network.Rule{Held: true})
		return func() (bool, string) {
			held := out.Lift().Held + in.Lift().Held
			return held > 0, fmt.Sprintf("%d bytes held back", held)
		}
	})
}

// losesLease revokes a lease of the process, as an operator does.
func (p *process) losesLease(lease clientv3.LeaseID) {
	p.s.strikes(fmt.Sprintf("%s's lease %x", p, int64(lease)), lease, func() heal {
		resp, err := p.s.control.Etcd.Revoke(p.s.ctx, lease)
		p.s.fail(err)
		return func() (bool, string) { return true, fmt.Sprintf("revoked at revision %d", resp.Header.Revision) }
	})()
}

// losesReply loses the reply to the process's next request that matches. It is healed once that is lost.
func (p *process) losesReply(match matcher) (healed func()) {
	return p.s.strikes(p.String(), 0, func() heal {
		stop := p.client.LoseReply(match)
		return func() (bool, string) {
			lost := stop()
			return lost != "", "lost: " + lost
		}
	})
}

// delays makes the process's next request that matches wait, or its reply, until it is healed.
func (p *process) delaysRequest(match matcher) (waiting, healed func()) {
	return p.delayed("a request of ", p.client.delayRequest(match))
}

func (p *process) delaysReply(match matcher) (waiting, healed func()) {
	return p.delayed("a reply to ", p.client.delayReply(match))
}

func (p *process) delayed(what string, d *delay) (waiting, healed func()) {
	healed = p.s.strikes(what+p.String(), 0, func() heal {
		return func() (bool, string) {
			close(d.over)
			return isClosed(d.arrived), "it arrived late"
		}
	})
	waiting = func() {
		p.s.await(what+p.String(), func() bool { return isClosed(d.arrived) })
		p.s.tell("%s%s is under way", what, p)
	}
	return waiting, healed
}

// crashes ends a client where it is, in the midst of a hold.
func (h *hold) crashes() {
	h.by.s.strikes(h.by.String(), 0, func() heal {
		err := h.by.client.Crash()
		h.by.s.rec.Info(h.by.event(history.Crash, h))
		h.by.s.fail(err)
		return func() (bool, string) { return true, "its connection is gone" }
	})()
}
