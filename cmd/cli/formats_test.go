package cli

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
)

// Each field of the JSON document is one that the README tells of.
func TestStoredFieldsAreTold(t *testing.T) {
	merged := filepath.Join(t.TempDir(), "run")
	call(t, "merge", stored(t, "version2/shard1"), stored(t, "version2/shard2"), "--out", merged)
	var run struct {
		Schema int
		Cells  []map[string]any
	}
	var fields map[string]any
	text := []byte(call(t, "report", merged, "-o", "json").out)
	if err := json.Unmarshal(text, &run); err != nil || run.Schema != 1 || len(run.Cells) != 2 {
		t.Fatalf("%+v: %v", run, err)
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for of, found := range map[string]map[string]any{"run": fields, "cell": run.Cells[0]} {
		for name := range found {
			if !slices.ContainsFunc(documentTable().rows, func(row []string) bool { return row[0] == name && row[1] == of }) {
				t.Errorf("nothing is told of field %s of a %s", name, of)
			}
		}
	}
}
