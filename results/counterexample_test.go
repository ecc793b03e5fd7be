package results

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/checker/history"
)

// counterexamples lists the files of a cell that show what was broken.
func counterexamples(t *testing.T, c *Cell) []string {
	t.Helper()
	var names []string
	for _, e := range must(os.ReadDir(c.Dir()))(t) {
		if strings.HasPrefix(e.Name(), "counterexample") {
			names = append(names, e.Name())
		}
	}
	return names
}

// twice: holds overlap early, and a stale write comes in late.
//
//	p1: |---- hold ----|
//	p2:       |---- hold ----|
//	p3:                             |-------- hold --------| stale write
//	p4:                                  |hold| write
func twice() history.History {
	s := &script{header: newQueue("mutex", "none", 5).header}
	s.hold("first", 1, 1, 10*ms, 20*ms, 60*ms)
	s.hold("second", 2, 2, 10*ms, 40*ms, 90*ms)
	s.hold("stale", 3, 3, 500*ms, 510*ms, 700*ms)
	s.hold("rival", 4, 4, 500*ms, 560*ms, 600*ms)
	s.write("rival", 4, 4, 1, 0, 1, history.OK, 580*ms)
	s.write("stale", 3, 3, 2, 0, 2, history.OK, 680*ms)
	return s.build()
}

// The picture of exclusion is drawn, since it shows another time than the cell's timeline; that of
// lease-bounded would show the same as exclusion's.
func TestCounterexamplesOfACell(t *testing.T) {
	r := store(t, filepath.Join(t.TempDir(), "run"), twice())
	c := r.Cells()[0]
	want := []string{"counterexample-exclusion.html", "counterexample-exclusion.png", "counterexample-exclusion.svg",
		"counterexample-fencing.html", "counterexample-lease-bounded.html", "counterexample.txt"}
	if got := counterexamples(t, c); !slices.Equal(got, want) {
		t.Errorf("there are %v, wanted %v", got, want)
	}
	for name, says := range map[string][]string{
		"timeline.svg":                  {"what fencing found", "token 3", "token 4"},
		"counterexample-exclusion.svg":  {"what exclusion found", "token 1", "token 2"},
		"counterexample-exclusion.html": {"c1 acquire k, token 1", "c2 acquire k, token 2", "It found no order"},
		"counterexample-fencing.html":   {"c3 write 2 over 0, token 3", "c4 write 1 over 0, token 4", "It found no order"},
	} {
		text := string(must(os.ReadFile(c.Path(name)))(t))
		for _, s := range says {
			if !strings.Contains(text, s) {
				t.Errorf("%s does not say %q", name, s)
			}
		}
	}
	html, _ := files(t, r)
	for _, text := range []string{
		`<a href="cells/mutex__none__r1/counterexample-exclusion.html">interactive page of exclusion</a>`,
		`<a href="cells/mutex__none__r1/counterexample-fencing.html">interactive page of fencing</a>`,
		`shown: what exclusion found`,
	} {
		if strings.Count(html, text) != 1 {
			t.Errorf("the report says %d times %s", strings.Count(html, text), text)
		}
	}
}

func TestJudgingAgainTakesOldCounterexamplesAway(t *testing.T) {
	r := store(t, filepath.Join(t.TempDir(), "a [run"), twice())
	c, h := r.Cells()[0], calm("mutex", 3, 300*ms)
	check(t, c.Finish(h, judged(h)))
	if got := counterexamples(t, c); got != nil || c.Record().Grade == checker.Unsafe {
		t.Errorf("the older judgement has left %v, and %v", got, c.Record().Grade)
	}
}

// What is too wide to be read is shown where the later of its holds began.
func TestWideWindowsAreCut(t *testing.T) {
	s := &script{header: newQueue("mutex", "none", 5).header}
	s.hold("for ever", 1, 1, 10*ms, 20*ms, 200_000*ms)
	s.hold("later", 2, 2, 10*ms, 100_000*ms, 150_000*ms)
	h := s.build()
	w, ok := newScene(&h).about(checker.Exclusion{}.Check(h))
	if !ok || w.width() > mostWindow+mostWindow/4 || w.from > 100_000*ms || w.to < 100_000*ms {
		t.Errorf("%v, %t", w, ok)
	}
}

func BenchmarkFinish(b *testing.B) {
	r, err := Create(filepath.Join(b.TempDir(), "run"), Info{Cells: []CellName{{"mutex", "pause-holder", 1}}})
	if err != nil {
		b.Fatal(err)
	}
	c, err := r.Cell(CellName{"mutex", "pause-holder", 1})
	if err != nil {
		b.Fatal(err)
	}
	for name, h := range map[string]history.History{"overlap": paused(false), "calm": calm("mutex", 5, 5000*ms)} {
		b.Run(name, func(b *testing.B) {
			j := judged(h)
			for b.Loop() {
				if err := c.Finish(h, j); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
