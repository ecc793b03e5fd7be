package checker

import (
	"testing"

	"lockquake/checker/history"
)

func TestGradeOf(t *testing.T) {
	for _, c := range []struct {
		claim                       string
		exclusion, bounded, fencing Validity
		fenced                      bool
		want                        Grade
	}{
		{"no overlap, no harm", Valid, Valid, Valid, false, Exclusive},
		{"no overlap, yet harm", Valid, Valid, Invalid, false, Unsafe},
		{"no overlap, harm not known", Valid, Valid, Unknown, false, Ungraded},
		{"overlap past the lease, no harm", Invalid, Valid, Valid, false, LeaseBounded},
		{"overlap past the lease, harm", Invalid, Valid, Invalid, true, Unsafe},
		{"overlap past the lease, harm not known", Invalid, Valid, Unknown, true, Ungraded},
		{"overlap within the lease, refused", Invalid, Invalid, Valid, true, Fenced},
		{"overlap within the lease, nobody to refuse", Invalid, Invalid, Valid, false, Unsafe},
		{"overlap within the lease, nobody to refuse, harm not known", Invalid, Invalid, Unknown, false, Unsafe},
		{"overlap within the lease, harm not known", Invalid, Invalid, Unknown, true, Ungraded},
		{"overlap, lease not known", Invalid, Unknown, Valid, true, Ungraded},
		{"overlap not known", Unknown, Valid, Valid, true, Ungraded},
		{"overlap not known, yet harm", Unknown, Unknown, Invalid, true, Unsafe},
	} {
		t.Run(c.claim, func(t *testing.T) {
			verdicts := []Verdict{
				{Checker: "exclusion", Validity: c.exclusion},
				{Checker: "lease-bounded", Validity: c.bounded},
				{Checker: "fencing", Validity: c.fencing},
			}
			if got := GradeOf(history.Header{Fenced: c.fenced}, verdicts); got != c.want {
				t.Errorf("%v, wanted %v", got, c.want)
			}
			verdicts = append(verdicts, Verdict{Checker: "well-formed", Validity: Invalid, Harness: true})
			if got := GradeOf(history.Header{Fenced: c.fenced}, verdicts); got != Ungraded {
				t.Errorf("%v in spite of a harness fault", got)
			}
		})
	}
}

// Where there is no resource, nothing was refused: the fence of its header does not count.
func TestGradeWithoutWrites(t *testing.T) {
	verdicts := []Verdict{{Checker: "exclusion", Validity: Invalid}, {Checker: "lease-bounded", Validity: Invalid}, {Checker: "fencing", Validity: Valid}}
	for noWrites, want := range map[bool]Grade{false: Fenced, true: Unsafe} {
		if got := GradeOf(history.Header{Fenced: true, NoWrites: noWrites}, verdicts); got != want {
			t.Errorf("no writes %t: %v, wanted %v", noWrites, got, want)
		}
	}
}

func TestGradeText(t *testing.T) {
	for g := Ungraded; g <= Exclusive; g++ {
		text, err := g.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Grade
		if err := back.UnmarshalText(text); err != nil || back != g {
			t.Errorf("%s came back as %v: %v", text, back, err)
		}
	}
	var g Grade
	if err := g.UnmarshalText([]byte("perfect")); err == nil {
		t.Error("perfect is no grade, and was taken for one")
	}
}

func TestWeakest(t *testing.T) {
	for _, c := range []struct {
		grades []Grade
		want   Grade
	}{
		{nil, Ungraded},
		{[]Grade{Exclusive, Exclusive}, Exclusive},
		{[]Grade{Exclusive, Fenced, LeaseBounded}, Fenced},
		{[]Grade{Exclusive, Ungraded}, Ungraded},
		{[]Grade{Ungraded, Unsafe, Exclusive}, Unsafe},
	} {
		if got := Weakest(c.grades...); got != c.want {
			t.Errorf("the weakest of %v is %v, want %v", c.grades, got, c.want)
		}
	}
}
