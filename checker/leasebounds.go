package checker

import (
	"fmt"
	"time"

	"lockquake/checker/history"
)

// LeaseBounds asks of every overlap of two holds whether the older holder had by then outlived
// what it could know of its lease: a holder that looks at that deadline before it acts is safe.
//
// The deadline counts from before the granting or renewing request was *sent*, the only moment of which a
// client knows that the server's own clock for the lease started later.
type LeaseBounds struct{}

// Check gives the verdict "lease-bounded".
func (LeaseBounds) Check(h history.History) Verdict {
	v := Verdict{Checker: "lease-bounded"}
	holds, n := census(&h)
	v.Judged = holds
	switch {
	case holds == 0:
		v.Why = "no hold to judge"
		return v
	case n == 0:
		v.Validity, v.Why = Valid, bounded(0)
		return v
	}
	known, unknown := leaseKnowledge(&h), ""
	for o := range overlaps(h.Holds()) {
		switch d := known.judge(o); {
		case d.validity == Invalid:
			return unbounded(&h, v, o, d)
		case d.validity == Unknown && unknown == "":
			unknown = d.why
		}
	}
	if v.Why = unknown; unknown == "" {
		v.Validity, v.Why = Valid, bounded(n)
	}
	return v
}

func bounded(n int) string {
	if n == 0 {
		return "no holds overlapped"
	}
	return count(n, "overlap") + ", the older holder always past its lease"
}

func unbounded(h *history.History, v Verdict, o overlap, d deadline) Verdict {
	v.Validity, v.Why = Invalid, d.why
	v.Evidence = o.evidence()
	s := overlapStory(h, o)
	if e := d.by; e != nil {
		s.say(0, e.Sent, "%s asked for lease %x to be %v, good until %s", clientName(e.Client), e.Lease, e.Op, seconds(d.until))
		s.say(0, d.until, "the last moment at which %s could trust its lease", clientName(o.older.Acquire.Client))
	}
	v.Story = s.text()
	return v
}

// knowledge is what clients knew of each lease: at a sequence number, good until a time.
type knowledge struct {
	h      *history.History
	leases map[int64]highWater
}

func leaseKnowledge(h *history.History) knowledge {
	marks := map[int64][]mark{}
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Granted || e.Op == history.Renewed {
			marks[e.Lease] = append(marks[e.Lease], mark{e.Seq, int64(trusted(e)), i})
		}
	}
	known := knowledge{h, map[int64]highWater{}}
	for lease, m := range marks {
		known.leases[lease] = newHighWater(m)
	}
	return known
}

// trusted is the time until which the answer to a granting or renewing request lets a client trust its
// lease.
func trusted(e *history.Observation) time.Duration { return e.Sent + time.Duration(e.Value) }

// deadline is a judgement of one overlap; until is the time that the older holder could trust in, by
// what it was told.
type deadline struct {
	validity Validity
	until    time.Duration
	by       *history.Observation
	why      string
}

func (k knowledge) judge(o overlap) deadline {
	a := o.older.Acquire
	who := clientName(a.Client)
	if a.Lease == 0 {
		return deadline{validity: Invalid, why: fmt.Sprintf("%v, and no lease bounded %s's hold", o, who)}
	}
	m, ok := k.leases[a.Lease].before(o.newer.Start)
	until := time.Duration(m.value)
	switch {
	case !ok:
		return deadline{why: fmt.Sprintf("%v, and what %s knew of lease %x was not recorded", o, who, a.Lease)}
	case o.newer.StartAt < until:
		why := fmt.Sprintf("%v, though %s could trust its lease until %s", o, who, seconds(until))
		return deadline{Invalid, until, &k.h.Infos[m.op], why}
	}
	return deadline{validity: Valid}
}
