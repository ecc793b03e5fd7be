package repro

import (
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/network"
)

// heal undoes a fault, and tells whether there is evidence that it did harm, in words.
type heal func() (observed bool, evidence string)

// strikes records a fault that was done, and gives the func that heals it.
func (s *scene) strikes(fault, target string, lease clientv3.LeaseID, do func() heal) (healed func()) {
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

// isCut holds all that goes between a client and etcd. With what its process does meanwhile that is a partition;
// if it does nothing, it is a pause.
func (p *process) isCut(fault string) (healed func()) {
	return p.s.strikes(fault, p.String(), 0, func() heal {
		to, from := p.client.Links(0)
		out, in := to.Impose(network.Rule{Held: true}), from.Impose(network.Rule{Held: true})
		return func() (bool, string) {
			p.s.await("something to be held back", func() bool { return out.Toll().Held+in.Toll().Held > 0 })
			return true, fmt.Sprintf("%d bytes held back", out.Lift().Held+in.Lift().Held)
		}
	})
}

// losesLease revokes the latest lease of a client, as an operator does.
func (p *process) losesLease(fault string) {
	lease := p.latestLease()
	p.s.strikes(fault, fmt.Sprintf("%s's lease %x", p, int64(lease)), lease, func() heal {
		resp, err := p.s.control.Etcd.Revoke(p.s.ctx, lease)
		p.s.fail(err)
		return func() (bool, string) { return true, fmt.Sprintf("revoked at revision %d", resp.Header.Revision) }
	})()
}

// losesReply loses the reply to the client's next request that matches. It is to be healed once that is lost.
func (p *process) losesReply(fault string, match matcher) (healed func()) {
	return p.s.strikes(fault, p.String(), 0, func() heal {
		stop := p.client.LoseReply(match)
		return func() (bool, string) {
			lost := stop()
			return lost != "", "lost: " + lost
		}
	})
}

// late is a request, or a reply, that takes its time.
type late struct {
	s       *scene
	what    string
	delay   *delay
	arrives func() // heals it
}

// sendsLate makes the client's next request that matches wait before it leaves.
func (p *process) sendsLate(match matcher) late {
	return p.slow("slow-request", "a request of "+p.String(), p.client.delayRequest(match))
}

// hearsLate makes the reply to the client's next request that matches wait before it arrives.
func (p *process) hearsLate(match matcher) late {
	return p.slow("slow-reply", "a reply to "+p.String(), p.client.delayReply(match))
}

func (p *process) slow(fault, what string, d *delay) late {
	healed := p.s.strikes(fault, what, 0, func() heal {
		return func() (bool, string) {
			close(d.over)
			return isClosed(d.arrived), "it arrived late"
		}
	})
	return late{p.s, what, d, healed}
}

// isUnderWay waits until it was sent.
func (l late) isUnderWay() {
	l.s.await(l.what, func() bool { return isClosed(l.delay.arrived) })
	l.s.tell("%s is under way", l.what)
}

// crashes ends a client where it is, in the midst of a hold.
func (h *hold) crashes() {
	h.by.s.strikes("crash-holder", h.by.String(), 0, func() heal {
		err := h.by.client.Crash()
		h.by.s.rec.Info(h.by.event(history.Crash, h))
		h.by.s.fail(err)
		return func() (bool, string) { return true, "its connection is gone" }
	})()
}
