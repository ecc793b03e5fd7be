package locktest

import (
	"fmt"
	"regexp"
	"strings"

	"lockquake/checker"
	"lockquake/results"
)

// tell is why a cell did not hold: the story of what says most, and what else was found.
func tell(o outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", o.stored.Record().CellName, word(o))
	if o.err != nil {
		fmt.Fprintf(&b, "  %v\n", o.err)
		return b.String()
	}
	for i, v := range results.Telling(o.judgement) {
		fmt.Fprintf(&b, "  %s: %s\n", v.Checker, v.Why)
		for _, line := range v.Story {
			if i == 0 {
				fmt.Fprintf(&b, "    %s\n", line)
			}
		}
	}
	for _, th := range o.thresholds {
		if th.Validity != checker.Valid {
			fmt.Fprintf(&b, "  %s %s: %s\n", th.Name, th.Word(), th.Why)
		}
	}
	return b.String()
}

func word(o outcome) string {
	switch {
	case o.err != nil:
		return "could not be judged"
	case o.judgement.Harness:
		return "could not be judged, because lockquake failed"
	case o.judgement.Validity == checker.Invalid:
		return "broken, grade " + o.judgement.Grade.String()
	case o.judgement.Validity == checker.Valid && results.Met(o.thresholds) == checker.Invalid:
		return "missed a threshold, grade " + o.judgement.Grade.String()
	}
	return "not known to hold, grade " + o.judgement.Grade.String()
}

// again is the command that carries out a test's plan once more.
func (g *gate) again(test string) string {
	var pattern []string
	for name := range strings.SplitSeq(test, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(name)+"$")
	}
	return fmt.Sprintf("%s=%d go test -count=1 -artifacts -run '%s'", seedVariable, g.seed, strings.Join(pattern, "/"))
}
