package checker

import (
	"fmt"
	"time"

	"lockquake/checker/history"
)

// LeaseBounds asks of every overlap of two holds whether the older holder had by then outlived
// what it could know of its lease: a holder that looks at that deadline before it acts is safe. Where more hold
// a semaphore than may, as many older ones must have outlived theirs as there are too many.
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
	for o := range overlaps(&h) {
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
	for _, t := range d.trusted {
		e := t.by
		s.say(0, e.Sent, "%s asked for lease %x to be %v, good until %s", clientName(e.Client), e.Lease, e.Op, seconds(t.until))
		s.say(0, t.until, "the last moment at which %s could trust its lease", clientName(t.hold.Acquire.Client))
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

// deadline is a judgement of one overlap.
type deadline struct {
	validity Validity
	why      string
	trusted  []trust
}

// trust is a hold whose lease its client could trust, until a time, by what it was told.
type trust struct {
	hold  *history.Hold
	until time.Duration
	by    *history.Observation
}

// judge asks of each older hold whether its lease was outlived. As many as are too many must be.
func (k knowledge) judge(o overlap) deadline {
	var d deadline
	found := map[Validity]int{}
	why := map[Validity]string{}
	for _, older := range o.older {
		own, because := k.outlived(older, o.newer, &d)
		found[own]++
		why[own] += because
	}
	switch needed := o.excess(); {
	case found[Valid] >= needed:
		d.validity = Valid
	case found[Valid]+found[Unknown] >= needed:
		d.why = o.String() + why[Unknown]
	default:
		d.validity, d.why = Invalid, o.String()+why[Invalid]+d.though()
	}
	return d
}

// though says who could trust its lease, and until when.
func (d *deadline) though() string {
	var words []string
	for i, t := range d.trusted {
		format := "%s until %s"
		if i == 0 {
			format = "%s could trust its lease until %s"
		}
		words = append(words, fmt.Sprintf(format, clientName(t.hold.Acquire.Client), seconds(t.until)))
	}
	if words == nil {
		return ""
	}
	return ", though " + list(words)
}

// outlived tells whether an older hold had outlived what its client could know of its lease when a newer one
// began; and if not, why, or how long it could be trusted.
func (k knowledge) outlived(older, newer *history.Hold, d *deadline) (Validity, string) {
	a := older.Acquire
	who := clientName(a.Client)
	m, told := k.leases[a.Lease].before(newer.Start)
	until := time.Duration(m.value)
	switch {
	case a.Lease == 0:
		return Invalid, fmt.Sprintf(", and no lease bounded %s's hold", who)
	case !told:
		return Unknown, fmt.Sprintf(", and what %s knew of lease %x was not recorded", who, a.Lease)
	case newer.StartAt < until:
		d.trusted = append(d.trusted, trust{older, until, &k.h.Infos[m.op]})
		return Invalid, ""
	}
	return Valid, ""
}
