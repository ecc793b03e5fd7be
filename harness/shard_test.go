package harness

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// planOf has a cell of each length.
func planOf(seconds ...int) Plan {
	plan := Plan{Seed: 1}
	for i, s := range seconds {
		plan.Cells = append(plan.Cells, Cell{Strategy: fmt.Sprint("s", i), Settings: Settings{Duration: time.Duration(s) * time.Second}})
	}
	return plan
}

// Each cell is in one shard, none is empty, and no shard has a whole cell more to do than another one: then that cell
// would have gone there.
func TestShardsAreBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := planOf(rapid.SliceOfN(rapid.IntRange(1, 60), 1, 60).Draw(t, "seconds")...)
		n := rapid.IntRange(1, len(plan.Cells)).Draw(t, "shards")
		shards := plan.Split(n)
		if !slices.Equal(shards, plan.Split(n)) {
			t.Fatal("the same plan was split in two ways")
		}
		load, least := make([]time.Duration, n), make([]time.Duration, n)
		for i, shard := range shards {
			lasts := plan.Cells[i].Estimate()
			load[shard-1] += lasts
			if least[shard-1] == 0 || lasts < least[shard-1] {
				least[shard-1] = lasts
			}
		}
		if slices.Min(load) == 0 {
			t.Fatalf("an empty shard of %v", shards)
		}
		for i := range load {
			if load[i]-least[i] > slices.Min(load) {
				t.Fatalf("shards take %v: %v", load, shards)
			}
		}
	})
}

func TestDigestTellsPlansApart(t *testing.T) {
	one, two := planOf(1, 2, 3), planOf(1, 2, 3)
	if one.Digest() != two.Digest() || len(one.Digest()) != 64 {
		t.Errorf("two digests of one plan: %s, %s", one.Digest(), two.Digest())
	}
	two.Cells[2].Clients++
	if one.Digest() == two.Digest() {
		t.Error("one digest of two plans")
	}
}
