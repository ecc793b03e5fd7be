package results

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"lockquake/checker"
)

// counterexample begins the names of the files that show what was broken: counterexample.txt, the stories
// of all, and counterexample-<checker>.html, .png and .svg.
const counterexample = "counterexample"

// mostWindows is how many timelines are drawn of a cell besides its first: they are what takes long.
const mostWindows = 3

// writeCounterexamples tells and shows what was broken, in place of what an earlier judgement told. A
// picture that would show the same as the cell's timeline, or as a graver one, is not drawn.
func (c *Cell) writeCounterexamples(s *scene, j checker.Judgement) error {
	if err := c.removeCounterexamples(); err != nil {
		return err
	}
	name := c.Record().CellName
	broken := slices.DeleteFunc(byGravity(j.Verdicts), func(v checker.Verdict) bool { return v.Validity != checker.Invalid })
	if err := c.writeStories(name, broken); err != nil {
		return err
	}
	for _, v := range broken {
		if err := c.writePage(s, v); err != nil {
			return err
		}
	}
	for _, e := range s.exhibits(j.Verdicts) {
		title := fmt.Sprintf("%s: %s", name, e.checker)
		if err := timeline(s, e.window, title).save(c.Path(counterexampleOf(e.checker))); err != nil {
			return err
		}
	}
	return nil
}

// exhibit is a part of a history that shows what a checker found.
type exhibit struct {
	window
	checker string
}

// exhibits are those of what was broken, the gravest first, besides what the cell's own timeline shows.
func (s *scene) exhibits(verdicts []checker.Verdict) []exhibit {
	var all []exhibit
	shown := []span{s.telling(verdicts).span}
	for _, v := range byGravity(verdicts) {
		w, ok := s.about(v)
		if v.Validity != checker.Invalid || !ok || slices.ContainsFunc(shown, w.alike) || len(shown) > mostWindows {
			continue
		}
		shown = append(shown, w.span)
		all = append(all, exhibit{w, v.Checker})
	}
	return all
}

// counterexampleOf is the name of a checker's files, without what tells them apart.
func counterexampleOf(checker string) string { return counterexample + "-" + checker }

func (c *Cell) removeCounterexamples() error {
	entries, err := os.ReadDir(c.Dir())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), counterexample) {
			continue
		}
		if err := os.Remove(c.Path(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// writeStories writes what was broken in words, if anything was.
func (c *Cell) writeStories(name CellName, broken []checker.Verdict) error {
	var b strings.Builder
	for _, v := range broken {
		if len(v.Story) > 0 {
			fmt.Fprintf(&b, "\n%s: %s\n", v.Checker, v.Why)
			for _, line := range v.Story {
				fmt.Fprintf(&b, "  %s\n", line)
			}
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return writeFile(c.Path(counterexample+".txt"), []byte(name.String()+"\n"+b.String()))
}

// writePage writes porcupine's page of a verdict, if there is one.
func (c *Cell) writePage(s *scene, v checker.Verdict) error {
	page, err := checker.Page(*s.h, v)
	if err != nil || page == nil {
		return err
	}
	return writeFile(c.Path(counterexampleOf(v.Checker)+".html"), page)
}
