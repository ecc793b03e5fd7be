package results

import (
	"fmt"
	"slices"
	"strings"
)

// untestedPart is a part of what the run says nothing about.
type untestedPart struct {
	Title string
	Lines []string
	More  int // lines that are not there
}

// mostUntested is how many lines a part has.
const mostUntested = 30

// NotTested are the parts, those first that the run set out to test.
func (s *sheet) NotTested() []untestedPart {
	var parts []untestedPart
	add := func(title string, lines []string) {
		if len(lines) > 0 {
			kept := lines[:min(len(lines), mostUntested)]
			parts = append(parts, untestedPart{title, kept, len(lines) - len(kept)})
		}
	}
	add("Cells that were not done", s.notDone())
	add("Cells that are in other shards of the plan", s.elsewhere())
	add("Cells of which too little was seen", s.notKnown())
	add("Faults that left no evidence", s.unseen())
	add("Injections that were planned and not made", s.missed)
	add("Strategies and faults that were not brought together", s.unpaired())
	if u := s.Untested; u != nil {
		add("Left out, because it cannot be had", u.LeftOut)
		add("Strategies of the catalogue that are not in this run", joinedLines(u.Strategies))
		add("Faults of the catalogue that are not in this run", joinedLines(u.Faults))
		add("What this kind of cluster cannot show", u.Cannot)
	} else {
		add("What else there was", []string{"The run does not say which strategies and faults it could have tried besides."})
	}
	add("What no run shows", s.limits())
	return parts
}

func joinedLines(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d: %s", len(names), strings.Join(names, ", "))}
}

func (s *sheet) notDone() []string {
	var lines []string
	for _, c := range s.planned {
		switch c.State {
		case Planned:
			lines = append(lines, c.CellName.String()+": planned, and not carried out to its end")
		case Failed:
			lines = append(lines, c.CellName.String()+": could not be carried out: "+c.Why)
		}
	}
	return lines
}

func (s *sheet) elsewhere() []string {
	var lines []string
	for _, c := range s.Part.Cells {
		if !slices.Contains(s.Part.Shards, c.Shard) {
			lines = append(lines, fmt.Sprintf("%s: shard %d of %d", c.CellName, c.Shard, s.Part.Of))
		}
	}
	return lines
}

func (s *sheet) notKnown() []string {
	var lines []string
	for _, c := range s.planned {
		if outcome(c) == "unknown" {
			lines = append(lines, c.CellName.String()+": "+c.Why)
		}
	}
	return lines
}

func (s *sheet) unseen() []string {
	var lines []string
	for _, c := range s.planned {
		for _, f := range c.Faults {
			if f.Observed {
				continue
			}
			line := fmt.Sprintf("%s in %s, at %.3f s", f.Fault, c.CellName, f.From.Seconds())
			if f.Error != "" {
				line += ": " + f.Error
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// unpaired are the empty squares of the matrix, a line a fault.
func (s *sheet) unpaired() []string {
	var lines []string
	for _, fault := range s.page.Faults {
		without := slices.DeleteFunc(slices.Clone(s.Strategies), func(strategy string) bool { return len(s.rows[[2]string{strategy, fault}]) > 0 })
		if len(without) > 0 {
			lines = append(lines, underFault(fault)+": "+strings.Join(without, ", "))
		}
	}
	return lines
}

// limits are what this run leaves open however it came out.
func (s *sheet) limits() []string {
	repeats := 0
	for _, c := range s.planned {
		repeats = max(repeats, c.Repeat)
	}
	return []string{
		fmt.Sprintf("Other interleavings: it was one seed (%d) and %s of each cell; the seed does not repeat the timing of threads.", s.Seed, plural(repeats, "repeat")),
		"Longer times, more clients and other settings than those below.",
		"That a lock held says that these faults did not break it, not that none does.",
	}
}
