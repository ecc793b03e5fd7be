package checker

import (
	"fmt"
	"slices"

	"lockquake/checker/history"
)

// Grade is what a lock guaranteed in one cell. Greater is stronger; the zero Grade is Ungraded, and
// as a promise it promises nothing.
type Grade uint8

// Grades, weakest first.
const (
	Ungraded     Grade = iota // what is needed to grade it is not known
	Unsafe                    // the resource took harm, or two holders had live leases and nothing fenced them
	Fenced                    // holds overlapped within a lease, yet the resource refused every stale write
	LeaseBounded              // holds overlapped only after the older holder had outlived its lease, and did no harm
	Exclusive                 // no two holds overlapped, but of those who may: readers, and as many as there are permits
)

var gradeNames = [...]string{"unknown", "unsafe", "fenced", "lease-bounded", "exclusive"}

func (g Grade) String() string { return gradeNames[g] }

// MarshalText writes the spelling that String gives.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads the spelling that String gives.
func (g *Grade) UnmarshalText(b []byte) error {
	for i, name := range gradeNames {
		if name == string(b) {
			*g = Grade(i)
			return nil
		}
	}
	return fmt.Errorf("unknown grade %q", b)
}

// GradeOf grades a cell by the verdicts exclusion, lease-bounded and fencing. A verdict that is
// missing counts as Unknown, and a failure of lockquake leaves the cell Ungraded.
//
// A workload without a resource has nothing that could take harm, and nothing that refuses a write: its grades are
// exclusive, lease-bounded and unsafe, never fenced.
func GradeOf(header history.Header, verdicts []Verdict) Grade {
	if slices.ContainsFunc(verdicts, func(v Verdict) bool { return v.Harness }) {
		return Ungraded
	}
	fenced := header.Fenced && !header.NoWrites
	harm := verdictOf(verdicts, "fencing").Validity
	exclusive := verdictOf(verdicts, "exclusion").Validity
	bounded := verdictOf(verdicts, "lease-bounded").Validity
	switch {
	case harm == Invalid:
		return Unsafe
	case exclusive == Invalid && bounded == Invalid && !fenced:
		return Unsafe
	case harm == Unknown:
		return Ungraded
	case exclusive == Valid:
		return Exclusive
	case exclusive == Unknown || bounded == Unknown:
		return Ungraded
	case bounded == Valid:
		return LeaseBounded
	default:
		return Fenced
	}
}

// verdictOf is the verdict of that name, an Unknown one if the question was not asked.
func verdictOf(verdicts []Verdict, name string) Verdict {
	for _, v := range verdicts {
		if v.Checker == name {
			return v
		}
	}
	return Verdict{Checker: name, Why: "not asked"}
}

// Weakest is the grade of several cells together: what was unsafe once is unsafe, and what is not known
// of one is not known of all. None is Ungraded.
func Weakest(grades ...Grade) Grade {
	switch {
	case len(grades) == 0:
		return Ungraded
	case slices.Contains(grades, Unsafe):
		return Unsafe
	}
	return slices.Min(grades)
}
