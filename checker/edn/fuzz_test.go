package edn_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/checker/edn"
)

// Whatever is read, the history is sound, what is written of it can be read, and that is written as
// it was. What the fuzzer once found is kept in testdata/fuzz.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.edn")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := edn.Read(bytes.NewReader(text))
		if err != nil {
			if !strings.Contains(err.Error(), "line ") || len(err.Error()) > 2000 {
				t.Errorf("an error without its line, or too long: %v", err)
			}
			return
		}
		if v := (checker.WellFormed{}).Check(h); v.Validity == checker.Invalid && !strings.Contains(v.Why, "names 0") {
			t.Errorf("%q is not well-formed: %s", text, v.Why)
		}
		if len(h.Ops)+len(h.Infos) == 0 {
			return
		}
		once := written(t, &h, edn.Key)
		again := read(t, once)
		if twice := written(t, &again, edn.Key); len(again.Ops) != len(h.Ops) || len(again.Infos) != len(h.Infos) || once != twice {
			t.Errorf("%q became\n%s\nand then\n%s", text, once, twice)
		}
	})
}
