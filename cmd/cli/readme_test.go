package cli

import (
	"flag"
	"os"
	"regexp"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests expect")

const readme = "../../README.md"

// The README's tables are the catalogue's: go test ./cmd/cli -run README -update writes them.
func TestREADMEHasTheCataloguesTables(t *testing.T) {
	old, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for _, part := range Builtin().parts() {
		place := regexp.MustCompile(`(?s)(<!-- table ` + part.name + ` -->\n).*?(<!-- end -->)`)
		if !place.MatchString(text) {
			t.Errorf("the README has no place for table %s", part.name)
		}
		text = place.ReplaceAllString(text, "${1}"+part.make().markdown()+"${2}")
	}
	if *update {
		err = os.WriteFile(readme, []byte(text), 0o644)
	} else if text != string(old) {
		t.Error("the README's tables are not the catalogue's: run go test ./cmd/cli -run README -update")
	}
	if err != nil {
		t.Fatal(err)
	}
}
