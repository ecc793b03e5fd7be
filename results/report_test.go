package results

import (
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
	if unsafe, calm := strings.Index(html, "<h2>mutex under"), strings.Index(html, "<h2>mutex without"); unsafe < 0 || unsafe > calm {
		t.Errorf("the broken cell is at %d, the calm one at %d", unsafe, calm)
	}
	if strings.Contains(html, "http://") || strings.Contains(html, "https://") || strings.Contains(html, "<script") {
		t.Error("the report wants a network or a script")
	}
}

func TestReportEscapes(t *testing.T) {
	h := named(paused(false), hostile)
	for i := range h.Ops {
		o := &h.Ops[i]
		o.Common = &history.Common{Key: o.Key, Lease: o.Lease, Fault: o.Fault, Note: hostile, Error: hostile}
	}
	html, md := files(t, store(t, filepath.Join(t.TempDir(), "run"), h))
	if strings.Contains(html, "<script") || strings.Contains(html, `" onload="`) {
		t.Error("a name became markup in the report")
	}
	if !strings.Contains(html, "&lt;script&gt;") {
		t.Error("the name is not in the report")
	}
	if strings.Contains(md, "<script") || strings.Contains(md, `x|`) {
		t.Error("a name became markup in the summary")
	}
}

func TestReportBoundsItsPictures(t *testing.T) {
	var cells []CellName
	for i := range 12 {
		cells = append(cells, CellName{"mutex", "none", i + 1})
	}
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{Cells: cells}))(t)
	for i, name := range cells {
		c := must(r.Cell(name))(t)
		for _, picture := range []string{"timeline", "latency", "percentiles"} {
			check(t, writeFile(c.Path(picture+".png"), make([]byte, 50_000)))
		}
		grade := checker.Exclusive
		if i == 11 {
			grade = checker.Unsafe
		}
		check(t, r.update(i, func(r *Record) { r.State, r.Grade, r.Validity = Done, grade, checker.Valid }))
	}
	check(t, r.Finish())
	html, _ := files(t, r)
	if len(html) > 1<<20 {
		t.Errorf("the report has %d bytes", len(html))
	}
	section := html[strings.Index(html, `<section class="cell unsafe"`):]
	section = section[:strings.Index(section, "</section>")]
	if n := strings.Count(section, "<img"); n != 2 { // every timeline goes before any second picture, the broken cell's first
		t.Errorf("the broken cell shows %d pictures, want 2", n)
	}
	if n := strings.Count(html, "<img"); n != 13 {
		t.Errorf("the report shows %d pictures, want 13", n)
	}
	if !strings.Contains(html, `href="cells/mutex__none__r3/percentiles.png"`) {
		t.Error("a picture is neither shown nor linked")
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
}
