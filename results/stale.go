package results

import (
	"lockquake/checker"
	"lockquake/checker/history"
)

// writes are those of a history that a picture marks.
type writes struct {
	stale   []history.Operation // accepted all the same
	refused []history.Operation
}

func markedWrites(h *history.History) writes {
	return writes{stale: checker.Harmful(*h), refused: checker.Refused(*h)}
}
