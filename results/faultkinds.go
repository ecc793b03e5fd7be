package results

import (
	"cmp"
	"slices"
	"time"
)

// faultKind is what all injections of one fault did.
type faultKind struct {
	Fault    string
	Injected int
	Observed int
	Unseen   int // injections without evidence
	Unhealed int
	Gap      time.Duration // the longest time without a grant that one fell into
	Worst    *Record       // where that was
}

// faultKinds are those of a run's cells, those without evidence first, then those that kept the lock from everybody longest.
func faultKinds(cells []contents) []faultKind {
	at := map[string]int{}
	var kinds []faultKind
	for _, c := range cells {
		for _, f := range c.Faults {
			i, ok := at[f.Fault]
			if !ok {
				i, at[f.Fault] = len(kinds), len(kinds)
				kinds = append(kinds, faultKind{Fault: f.Fault})
			}
			kinds[i].add(f, c.Record)
		}
	}
	slices.SortStableFunc(kinds, func(a, b faultKind) int { return cmp.Or(cmp.Compare(b.Unseen, a.Unseen), cmp.Compare(b.Gap, a.Gap)) })
	return kinds
}

func (k *faultKind) add(f Struck, cell Record) {
	k.Injected++
	if f.Observed {
		k.Observed++
	} else {
		k.Unseen++
	}
	if !f.Healed {
		k.Unhealed++
	}
	if f.LongestGap > k.Gap {
		k.Gap, k.Worst = f.LongestGap, &cell
	}
}

// Of is how long a time is, in hundredths of the longest one of a fault.
func (s *sheet) Of(gap time.Duration) int {
	longest := time.Duration(1)
	for _, k := range s.FaultKinds {
		longest = max(longest, k.Gap)
	}
	return int(float64(gap) / float64(longest) * 100)
}
