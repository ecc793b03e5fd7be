package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/checker/history"
)

func files(t *testing.T, r *Run) (html, md string) {
	t.Helper()
	return string(must(os.ReadFile(r.Path("report.html")))(t)), string(must(os.ReadFile(r.Path("summary.md")))(t))
}

func TestReportTellsTheRun(t *testing.T) {
	r := store(t, filepath.Join(t.TempDir(), "run"), calm("mutex", 5, 2000*ms), paused(false), named(paused(true), "mutex+fence"))
	html, md := files(t, r)
	for _, text := range []string{
		"3 cells: 1 broken, 2 held; worst is mutex under pause-holder: stale write accepted",
		"lease expired while its holder was paused",
		"lockquake run --seed 42",
	} {
		if !strings.Contains(html, text) || !strings.Contains(md, text) {
			t.Errorf("%q: in report %t, in summary %t", text, strings.Contains(html, text), strings.Contains(md, text))
		}
	}
	if !strings.Contains(md, "| mutex | exclusive | unsafe, broken |") || !strings.Contains(md, "| mutex+fence | – | fenced |") {
		t.Errorf("matrix in\n%s", md)
	}
	if unsafe, calm := strings.Index(html, `id="mutex__pause-holder__r1"`), strings.Index(html, `id="mutex__none__r1"`); unsafe < 0 || unsafe > calm {
		t.Errorf("the broken cell is at %d, the calm one at %d", unsafe, calm)
	}
}

func TestReportEscapes(t *testing.T) {
	html, md := files(t, hostileRun(t))
	if strings.Contains(html, "<script>alert") || strings.Contains(html, `" onload="`) {
		t.Error("a name became markup in the report")
	}
	if !strings.Contains(html, "&lt;script&gt;") || !strings.Contains(html, `\u003cscript\u003e`) {
		t.Error("the name is not in the report, or not in its data")
	}
	if strings.Contains(md, "<script") || strings.Contains(md, `x|`) {
		t.Error("a name became markup in the summary")
	}
}

// hostileRun has a hostile text wherever a name, a note, an error or a file's content can come from.
func hostileRun(t *testing.T) *Run {
	t.Helper()
	h := named(paused(false), hostile)
	h.Header.Fault = hostile
	for i := range h.Ops {
		o := &h.Ops[i]
		o.Common = &history.Common{Key: o.Key, Lease: o.Lease, Fault: o.Fault, Note: hostile, Error: hostile}
		if i%2 == 0 && o.Op == history.Acquire {
			o.Common.Key = hostile
		}
		if o.Op == history.Inject || o.Op == history.Heal {
			o.Common.Fault = hostile
		}
	}
	name := CellName{hostile, hostile, 1}
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{
		Args: []string{"lockquake"}, Want: hostile, Etcd: hostile, Cells: []CellName{name, {"mutex", "none", 1}},
		Again:    func(CellName) []string { return []string{hostile} },
		Untested: &Untested{LeftOut: []string{hostile}, Strategies: []string{hostile}, Faults: []string{hostile}, Cannot: []string{hostile}},
	}))(t)
	c := must(r.Cell(name))(t)
	check(t, c.WritePlan(must(json.Marshal(map[string]any{"clients": 1, "cluster": hostile, "workload": hostile, "hold": hostile}))(t)))
	check(t, c.Finish(h, judged(h)))
	check(t, writeFile(c.Path(hostileFile), nil))
	var drawn charts
	must(c.readIfThere(chartsFile, &drawn))(t)
	drawn.Holders[0].Why, drawn.Holders[0].Faults[0].Label, drawn.Keys[0].Key = hostile, hostile, hostile
	check(t, writeCompact(c.Path(chartsFile), drawn))
	check(t, must(r.Cell(CellName{"mutex", "none", 1}))(t).Fail(errors.New(hostile)))
	check(t, r.Finish())
	return r
}

// hostileFile is as hostile as the name of a file can be.
const hostileFile = `"><img src=x onerror=alert(1)>'`

// many is a run of n cells that are alike but for their grades: every tenth is unsafe.
func many(t *testing.T, n int) *Run {
	t.Helper()
	var info Info
	for i := range n {
		info.Cells = append(info.Cells, CellName{"mutex", "pause-holder", i + 1})
	}
	r := must(Create(filepath.Join(t.TempDir(), "run"), info))(t)
	h := paused(false)
	first := must(r.Cell(info.Cells[0]))(t)
	check(t, first.Finish(h, judged(h)))
	for i := range r.manifest.Cells {
		c := &r.manifest.Cells[i]
		c.State, c.Grade, c.Validity, c.Why = Done, checker.Exclusive, checker.Valid, "promised exclusive, was exclusive"
		if i%10 == 9 {
			c.Grade, c.Validity, c.Why = checker.Unsafe, checker.Invalid, "stale write accepted"
		}
		if i > 0 {
			check(t, os.Symlink(first.Record().Folder, r.Path(filepath.Join("cells", c.Folder))))
		}
	}
	check(t, r.Finish())
	return r
}

// Two hundred and twenty cells have no room for all that there is of them, but for their names and links.
func TestReportKeepsItsSize(t *testing.T) {
	html, _ := files(t, many(t, 220))
	if len(html) > mostReport || len(html) < mostReport*9/10 {
		t.Errorf("the report has %d bytes", len(html))
	}
	section := func(class, id string) string {
		at := strings.Index(html, `class="cell `+class)
		end := strings.Index(html[at:], `id="`+id+`"`)
		if at < 0 || end < 0 {
			t.Fatalf("there is no cell %s, %s", class, id)
		}
		return html[at : at+end]
	}
	if !strings.Contains(section("unsafe", "mutex__pause-holder__r10"), "<details") && !strings.HasPrefix(section("unsafe", "mutex__pause-holder__r10"), `class="cell unsafe" open`) {
		t.Error("the gravest cell is not the first, or not open")
	}
	if n := strings.Count(html, `<script type="application/json"`); n < 22 || n == 220 {
		t.Errorf("%d cells have charts; the 22 that are broken should, and not all can", n)
	}
	if strings.Count(html, `"parts":60,`) == 0 {
		t.Error("no chart is coarser than others")
	}
	for i := range 220 {
		if !strings.Contains(html, fmt.Sprintf(`id="mutex__pause-holder__r%d"`, i+1)) {
			t.Errorf("cell %d is not in the report", i+1)
		}
	}
	if !strings.Contains(html, `(no room for more here: <a href="cells/mutex__pause-holder__r`) {
		t.Error("what has no room is not linked")
	}
}

// What an older lockquake has written, or a newer one, has its pictures.
func TestReportOfARunWithoutCharts(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"older": os.Remove,
		"newer": func(path string) error { return os.WriteFile(path, []byte(`{"version": 2}`), 0o644) },
	} {
		r := store(t, filepath.Join(t.TempDir(), "run"), paused(false))
		if html, _ := files(t, r); strings.Contains(html, `alt="Who held the lock when`) {
			t.Error("the twin: a run with charts has pictures, too")
		}
		check(t, spoil(r.Cells()[0].Path(chartsFile)))
		check(t, r.Finish())
		html, _ := files(t, r)
		for _, text := range []string{
			`alt="Who held the lock when: mutex under pause-holder"`, `alt="Time to acquire over time: mutex under pause-holder"`,
			`src="data:image/svg&#43;xml;base64,`, "stale write accepted", "lease expired while its holder was paused",
		} {
			if !strings.Contains(html, text) {
				t.Errorf("%s: the report does not say %q", name, text)
			}
		}
	}
}

// Nothing is tested that the report does not say so of.
func TestReportSaysWhatWasNotTested(t *testing.T) {
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{
		Cells:    []CellName{{"mutex", "none", 1}, {"late", "none", 1}, {"broken", "none", 1}, {"mutex", "pause-holder", 1}},
		Untested: &Untested{LeftOut: []string{"semaphore: it counts"}, Faults: []string{"kill-leader", "ring"}, Cannot: []string{"a power failure"}},
	}))(t)
	calm, unseen := calm("mutex", 3, 500*ms), paused(false)
	for i := range unseen.Ops {
		if o := &unseen.Ops[i]; o.Op == history.Heal {
			o.Outcome = history.Unknown
		}
	}
	check(t, must(r.Cell(CellName{"mutex", "none", 1}))(t).Finish(calm, judged(calm)))
	check(t, must(r.Cell(CellName{"mutex", "pause-holder", 1}))(t).Finish(unseen, judged(unseen)))
	check(t, must(r.Cell(CellName{"broken", "none", 1}))(t).Fail(errors.New("the cluster did not start")))
	check(t, r.Finish())
	html, _ := files(t, r)
	html = html[strings.Index(html, `id="untested-h"`):]
	for _, text := range []string{
		"<li>late without faults: planned, and not carried out to its end",
		"<li>broken without faults: could not be carried out: the cluster did not start",
		"<li>pause-holder in mutex under pause-holder, at ",
		"<li>under pause-holder: late, broken",
		"<li>semaphore: it counts", "<li>2: kill-leader, ring", "<li>a power failure",
	} {
		if !strings.Contains(html, text) {
			t.Errorf("the report does not say %q", text)
		}
	}
}

func TestOnlyWhatHeldLooksGood(t *testing.T) {
	for _, c := range []struct {
		grade checker.Grade
		came  checker.Validity
		want  string
	}{
		{checker.Exclusive, checker.Valid, "exclusive"},
		{checker.Exclusive, checker.Invalid, "unsafe"}, // as a lock that was granted out of turn
		{checker.Exclusive, checker.Unknown, "unknown"},
		{checker.Unsafe, checker.Valid, "unsafe"}, // as wanted of one that is broken on purpose
		{checker.Ungraded, checker.Unknown, "unknown"},
	} {
		if got := (contents{Record: Record{State: Done, Grade: c.grade, Validity: c.came}}).Tone(); got != c.want {
			t.Errorf("%v, %v: tone %q, want %q", c.grade, c.came, got, c.want)
		}
	}
}

func TestMatrixShowsTheWorstRepeat(t *testing.T) {
	cells := []contents{
		{Record: Record{CellName: CellName{"mutex", "none", 1}, State: Done, Grade: checker.Exclusive, Validity: checker.Valid}, judged: true},
		{Record: Record{CellName: CellName{"mutex", "none", 2}, State: Done, Grade: checker.Unsafe, Validity: checker.Invalid}, judged: true},
		{Record: Record{CellName: CellName{"mutex", "none", 3}, State: Done, Grade: checker.Exclusive, Validity: checker.Valid}, judged: true},
	}
	if s := newPage(Manifest{}, cells).At("mutex", "none"); len(s) != 1 || s[0].Word != "unsafe" || s[0].Of != "1 of 3" {
		t.Errorf("square %+v", s)
	}
	if s := newPage(Manifest{}, append(cells[:1:1], cells[2])).At("mutex", "none"); s[0].Word != "exclusive" || s[0].Of != "2 of 2" {
		t.Errorf("square %+v", s)
	}
	if s := newPage(Manifest{}, cells).At("mutex", "pause-holder"); s != nil {
		t.Errorf("square %+v of a cell that is not there", s)
	}
}

func TestHeadline(t *testing.T) {
	v := func(name string, is checker.Validity) checker.Verdict {
		return checker.Verdict{Checker: name, Validity: is}
	}
	for _, c := range []struct {
		name string
		j    checker.Judgement
		want string
	}{
		{"harm before overlap", checker.Judgement{Grade: checker.Unsafe, Verdicts: []checker.Verdict{v("exclusion", checker.Invalid), v("fencing", checker.Invalid)}}, "fencing"},
		{"an unsafe lock that promised nothing", checker.Judgement{Grade: checker.Unsafe, Validity: checker.Valid, Verdicts: []checker.Verdict{v("exclusion", checker.Invalid), v("promise", checker.Valid)}}, "exclusion"},
		{"promise kept", checker.Judgement{Grade: checker.Fenced, Validity: checker.Valid, Verdicts: []checker.Verdict{v("exclusion", checker.Invalid), v("promise", checker.Valid)}}, "promise"},
		{"why there is no grade", checker.Judgement{Verdicts: []checker.Verdict{v("exclusion", checker.Invalid), v("fencing", checker.Unknown)}}, "fencing"},
		{"failure of lockquake", checker.Judgement{Verdicts: []checker.Verdict{v("fencing", checker.Unknown), {Checker: "well-formed", Harness: true}}}, "well-formed"},
		{"broken besides the grade", checker.Judgement{Grade: checker.Exclusive, Validity: checker.Invalid, Verdicts: []checker.Verdict{v("progress", checker.Invalid), v("promise", checker.Valid)}}, "progress"},
	} {
		if got := Headline(c.j).Checker; got != c.want {
			t.Errorf("%s: headline is %s, want %s", c.name, got, c.want)
		}
	}
}

func TestCommandLineIsForAShell(t *testing.T) {
	got := commandLine([]string{"lockquake", "run", "--strategy=mutex+fence", "a b", "it's", "$(x)", ""})
	want := `lockquake run --strategy=mutex+fence 'a b' 'it'\''s' '$(x)' ''`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := (Manifest{Args: []string{"SEED=1 go test -run '^X$'"}}).Command(); got != "SEED=1 go test -run '^X$'" {
		t.Errorf("locktest's command line became %s", got)
	}
}
