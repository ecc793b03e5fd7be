package cli

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests expect")

const readme = "../../README.md"

// The README's tables are the catalogue's and those of --json, and its examples are files that are compiled and run: go test ./cmd/cli -run
// README -update writes them.
func TestREADMEHasTheCataloguesTablesAndTheExamples(t *testing.T) {
	old, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	text := withFiles(t, string(old))
	for _, part := range append(Builtin().parts(), part{"events", eventTable}, part{"formats", formatTable}, part{"document", documentTable}) {
		place := regexp.MustCompile(`(?s)(<!-- table ` + part.name + ` -->\n).*?(<!-- end -->)`)
		if !place.MatchString(text) {
			t.Errorf("the README has no place for table %s", part.name)
		}
		text = place.ReplaceAllString(text, "${1}"+part.make().markdown()+"${2}")
	}
	if *update {
		err = os.WriteFile(readme, []byte(text), 0o644)
	} else if text != string(old) {
		t.Error("the README's tables are not the catalogue's, or its examples not the files: run go test ./cmd/cli -run README -update")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// withFiles is a text with the files in it that it names, <!-- file PATH -->, as they are.
func withFiles(t *testing.T, text string) string {
	t.Helper()
	place := regexp.MustCompile("(?s)<!-- file (\\S+) -->\n.*?<!-- end -->")
	if !place.MatchString(text) {
		t.Error("the README has no place for a file")
	}
	return place.ReplaceAllStringFunc(text, func(old string) string {
		path := place.FindStringSubmatch(old)[1]
		content, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Error(err)
		}
		language := strings.TrimPrefix(filepath.Ext(path), ".")
		return "<!-- file " + path + " -->\n```" + language + "\n" + string(content) + "```\n<!-- end -->"
	})
}
