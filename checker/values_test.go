package checker

import (
	"testing"

	"pgregory.net/rapid"

	"lockquake/checker/history"
)

// Values are found as a map would find them, in whatever order they are asked for: the last write of each.
func TestValuesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ops []*history.Operation
		want := map[int64]int{}
		for _, value := range rapid.SliceOf(rapid.Int64Range(0, 40)).Draw(t, "values") {
			want[value] = len(ops)
			ops = append(ops, &history.Operation{Op: history.Write, Value: value}, &history.Operation{Op: history.Read, Value: value})
		}
		v := valuesOf(ops)
		for range 100 {
			value := rapid.Int64Range(-1, 41).Draw(t, "value")
			at, ok := want[value]
			if got, found := v.find(value); got != at || found != ok {
				t.Fatalf("%d is at %d (%t), wanted %d (%t) of %d", value, got, found, at, ok, len(ops))
			}
		}
	})
}
