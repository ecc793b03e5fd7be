package results

import (
	"fmt"
	"slices"
	"strings"
)

// Part is what of a plan a run carries out.
type Part struct {
	Plan   string `json:"plan"`   // the SHA-256 of the whole plan, as lockquake run --plan-only prints it
	Of     int    `json:"of"`     // how many shards the plan is split into; 1: it is not
	Shards []int  `json:"shards"` // those that are here, from 1, in order
	// Cells are those of the whole plan, in its order; none: those of the run.
	Cells []Share `json:"cells,omitempty"`
}

// Share is a cell of a plan that is split.
type Share struct {
	CellName
	Asked
	Shard int `json:"shard"` // that it belongs to
}

// Whole tells whether nothing of the plan is elsewhere.
func (p Part) Whole() bool { return len(p.Shards) >= p.Of }

// String is such as "shard 2 of 4"; empty: the whole plan.
func (p Part) String() string {
	if p.Whole() {
		return ""
	}
	var names []string
	for _, i := range p.Shards {
		names = append(names, fmt.Sprint(i))
	}
	what := "shard "
	if len(names) > 1 {
		what = "shards "
	}
	return what + strings.Join(names, ", ") + fmt.Sprintf(" of %d", p.Of)
}

// Missing are the shards that are elsewhere.
func (p Part) Missing() (missing []int) {
	for i := range p.Of {
		if !slices.Contains(p.Shards, i+1) {
			missing = append(missing, i+1)
		}
	}
	return missing
}
