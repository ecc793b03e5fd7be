package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"lockquake/harness"
	"lockquake/results"
)

// shard is one of the parts that a plan is split into: i of n. The zero shard is all of it.
type shard struct{ i, n int }

// parseShard reads 2/4.
func parseShard(text string, o runOptions) (shard, error) {
	if text == "" {
		return shard{}, nil
	}
	first, second, found := strings.Cut(text, "/")
	i, err := strconv.Atoi(first)
	n, errN := strconv.Atoi(second)
	switch {
	case !found || err != nil || errN != nil:
		return shard{}, fmt.Errorf("--shard is %q: give which of how many, such as 1/4", text)
	case n < 1 || i < 1 || i > n:
		return shard{}, fmt.Errorf("--shard is %q: give one from 1/%d to %[2]d/%[2]d", text, max(n, 1))
	case !o.given("seed"):
		return shard{}, errors.New("--shard goes with --seed: all shards must be of one plan")
	}
	return shard{i, n}, nil
}

// part takes a shard out of a plan, and says what it is a part of.
func (s shard) part(plan harness.Plan, asked func(harness.Cell) results.Asked) (harness.Plan, results.Part, error) {
	if s.n == 0 {
		return plan, wholeOf(plan), nil
	}
	if s.n > len(plan.Cells) {
		return plan, results.Part{}, fmt.Errorf("--shard is \"%d/%d\": the plan has %d cells: split it into at most as many", s.i, s.n, len(plan.Cells))
	}
	part := results.Part{Plan: plan.Digest(), Of: s.n, Shards: []int{s.i}}
	mine := harness.Plan{Seed: plan.Seed}
	for c, shard := range plan.Split(s.n) {
		cell := plan.Cells[c]
		part.Cells = append(part.Cells, results.Share{CellName: cell.Name(), Asked: asked(cell), Shard: shard})
		if shard == s.i {
			mine.Cells = append(mine.Cells, cell)
		}
	}
	return mine, part, nil
}

// before is a part with what is between it and what is said of it; nothing of the whole.
func before(between string, p results.Part) string {
	if p.Whole() {
		return ""
	}
	return p.String() + between
}

func wholeOf(plan harness.Plan) results.Part {
	return results.Part{Plan: plan.Digest(), Of: 1, Shards: []int{1}}
}
