package results

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"lockquake/checker"
)

// mixed is a run with a cell that held, one that is broken, one that failed and one that was never begun.
func mixed(t *testing.T) *Run {
	t.Helper()
	names := []CellName{{"mutex", "none", 1}, {"mutex", "pause-holder", 1}, {"=tutorial", "none", 1}, {"late", "none", 1}}
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{Seed: 42, Args: []string{"lockquake", "run"}, Etcd: "3.7.3", Cells: names}))(t)
	good, bad := calm("mutex", 5, 2000*ms), paused(false)
	check(t, must(r.Cell(names[0]))(t).Finish(good, judged(good)))
	check(t, must(r.Cell(names[1]))(t).Finish(bad, judged(bad)))
	check(t, must(r.Cell(names[2]))(t).Fail(errors.New("start cluster: no <space>\x01 left")))
	check(t, r.Finish())
	return r
}

func written(t *testing.T, r *Run, format string) []byte {
	t.Helper()
	i := slices.IndexFunc(Formats(), func(f Format) bool { return f.Name == format })
	var out bytes.Buffer
	check(t, r.Write(Formats()[i], &out))
	if stored := r.Path(Formats()[i].File); !bytes.Equal(out.Bytes(), must(os.ReadFile(stored))(t)) {
		t.Errorf("%s differs from what is stored", format)
	}
	return out.Bytes()
}

// What is not known is an error: skipped cases pass.
func TestJUnitNeverPassesWhatIsNotKnown(t *testing.T) {
	var suites junitSuites
	check(t, xml.Unmarshal(written(t, mixed(t), "junit"), &suites))
	s := suites.Suite
	if s.Tests != 4 || s.Failures != 1 || s.Errors != 2 || len(s.Cases) != 4 {
		t.Fatalf("%d tests, %d failures, %d errors", s.Tests, s.Failures, s.Errors)
	}
	held, broken, failed, planned := s.Cases[0], s.Cases[1], s.Cases[2], s.Cases[3]
	if held.Failure != nil || held.Error != nil || held.Class != "lockquake.mutex" || held.Name != "without faults repeat 1" {
		t.Errorf("held as %+v", held)
	}
	if f := broken.Failure; f == nil || f.Type != "unsafe" || !strings.Contains(f.Text, "What happened, by fencing") || !strings.Contains(f.Message, "stale write accepted") {
		t.Errorf("broken as %+v", broken.Failure)
	}
	if e := failed.Error; e == nil || !strings.Contains(e.Message, "no <space>") {
		t.Errorf("failed as %+v", e)
	}
	if e := planned.Error; e == nil || e.Type != "planned" {
		t.Errorf("planned as %+v", e)
	}
}

// What was to be let pass is neither a pass nor an error; what never began is an error all the same.
func TestJUnitSkipsTheUnknownThatIsLetPass(t *testing.T) {
	names := []CellName{{"mutex", "none", 1}, {"late", "none", 1}}
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{Unknown: LetPass, Cells: names}))(t)
	h := calm("mutex", 3, 200*ms)
	j := judged(h)
	j.Validity = checker.Unknown
	check(t, must(r.Cell(names[0]))(t).Finish(h, j))
	check(t, r.Finish())
	var suites junitSuites
	check(t, xml.Unmarshal(written(t, r, "junit"), &suites))
	if s := suites.Suite; s.Skipped != 1 || s.Errors != 1 || s.Cases[0].Skipped == nil || s.Cases[0].Error != nil || s.Cases[1].Error == nil {
		t.Errorf("%d skipped, %d errors: %+v", s.Skipped, s.Errors, s.Cases)
	}
}

func TestCSVHasARowForEachCellAndNoFormula(t *testing.T) {
	rows := must(csv.NewReader(bytes.NewReader(written(t, mixed(t), "csv"))).ReadAll())(t)
	if len(rows) != 5 || rows[0][0] != "strategy" || len(rows[1]) != len(fields()) {
		t.Fatalf("%d rows, the first %q", len(rows), rows[0])
	}
	acquired := slices.Index(rows[0], "acquired")
	if rows[1][acquired] == "" || rows[1][acquired] == "0" || rows[4][acquired] != "" {
		t.Errorf("acquired %q where it was measured, %q where it was not", rows[1][acquired], rows[4][acquired])
	}
	if rows[2][3] != "broken" || rows[2][4] != "unsafe" || rows[3][3] != "failed" {
		t.Errorf("outcomes in %q and %q", rows[2][:5], rows[3][:5])
	}
	if rows[3][0] != "'=tutorial" {
		t.Errorf("a spreadsheet would work out %q", rows[3][0])
	}
}

func TestBenchmarksAreWhatBenchstatReads(t *testing.T) {
	text := written(t, mixed(t), "benchfmt")
	in := benchfmt.NewReader(bytes.NewReader(text), "bench.txt")
	var names []string
	for in.Scan() {
		switch rec := in.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Errorf("%v in\n%s", rec, text)
		case *benchfmt.Result:
			names = append(names, rec.Name.String())
			if mean, ok := rec.Value("sec/op"); !ok || mean <= 0 || rec.Iters == 0 {
				t.Errorf("%s: mean %v of %d", rec.Name, mean, rec.Iters)
			}
			if got := rec.GetConfig("etcd"); got != "3.7.3" {
				t.Errorf("etcd %q", got)
			}
		}
	}
	check(t, in.Err())
	if len(names) != 2 || !strings.HasPrefix(names[1], "Lock/strategy=mutex/fault=pause-holder") {
		t.Errorf("benchmarks %q, want those of the two measured cells", names)
	}
}

func TestDocumentSaysItsSchemaAndNullWhereNothingWasMeasured(t *testing.T) {
	var d struct {
		Schema int
		Seed   uint64
		Cells  []struct {
			Strategy, Outcome string
			Stats             *Stats
			Verdicts          []struct{ Checker, Validity string }
		}
	}
	check(t, json.Unmarshal(written(t, mixed(t), "json"), &d))
	if d.Schema != 1 || d.Seed != 42 || len(d.Cells) != 4 {
		t.Fatalf("schema %d, seed %d, %d cells", d.Schema, d.Seed, len(d.Cells))
	}
	if d.Cells[1].Outcome != "broken" || d.Cells[1].Stats == nil || len(d.Cells[1].Verdicts) < 8 {
		t.Errorf("broken as %+v", d.Cells[1])
	}
	if d.Cells[3].Outcome != "planned" || d.Cells[3].Stats != nil || d.Cells[3].Verdicts != nil {
		t.Errorf("planned as %+v", d.Cells[3])
	}
}
