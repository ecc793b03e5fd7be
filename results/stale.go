package results

import (
	"slices"

	"lockquake/checker"
	"lockquake/checker/history"
)

// writes are those of a history that a picture marks.
type writes struct {
	stale   []history.Operation // accepted all the same
	refused []history.Operation
}

// markedWrites finds them. Where fencing was found to be valid, none was harmful: that takes long to find out.
func markedWrites(h *history.History, verdicts []checker.Verdict) writes {
	w := writes{refused: checker.Refused(*h)}
	harmless := func(v checker.Verdict) bool { return v.Checker == "fencing" && v.Validity == checker.Valid }
	if !slices.ContainsFunc(verdicts, harmless) {
		w.stale = checker.Harmful(*h)
	}
	return w
}
