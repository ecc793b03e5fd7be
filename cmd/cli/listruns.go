package cli

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"lockquake/results"
)

// runs is the list of what was carried out. It is no part of the catalogue.
const runs = "runs"

// listedRun is a stored run as programs read it.
type listedRun struct {
	Name     string          `json:"name"`
	Folder   string          `json:"folder"`
	Start    time.Time       `json:"start,omitzero"`
	End      time.Time       `json:"end,omitzero"` // none: it goes on, or was killed
	TookMS   int64           `json:"took_ms,omitempty"`
	Seed     uint64          `json:"seed"`
	Args     []string        `json:"args,omitempty"`
	Cells    int             `json:"cells"`
	Outcomes []results.Count `json:"outcomes,omitempty"`
	Damage   string          `json:"damage,omitempty"` // why nothing can be said of it
}

// listRunsOf lists the runs in the default place, or in a folder that is named.
func (a app) listRunsOf(folder []string, asJSON bool) error {
	if len(folder) == 0 {
		return a.listRuns(results.Runs, asJSON)
	}
	if stat, err := os.Stat(folder[0]); err != nil || !stat.IsDir() {
		return usage(fmt.Errorf("list runs %s: no such folder: give one that has folders of runs in it", folder[0]))
	}
	return a.listRuns(folder[0], asJSON)
}

func (a app) listRuns(folder string, asJSON bool) error {
	stored := results.List(folder)
	if asJSON {
		all := []listedRun{}
		for _, r := range stored {
			all = append(all, listedRun{
				r.Name, r.Dir, r.Start, r.End, r.Took().Milliseconds(), r.Seed, r.Args, len(r.Cells), r.Outcomes, r.Damage,
			})
		}
		return writeJSON(a.out, all)
	}
	if len(stored) == 0 {
		fmt.Fprintf(a.out, "no runs in %s: make one with lockquake run, or name another folder\n", folder)
		return nil
	}
	t := table{head: []string{"run", "when (UTC)", "seed", "cells", "held", "broken", "missed", "unknown", "failed", "not done", "took", "command"}}
	for _, r := range stored {
		t.rows = append(t.rows, runRow(r))
	}
	t.text(a)
	return nil
}

func runRow(r results.Listed) []string {
	row := []string{r.Name, r.Start.UTC().Format("2006-01-02 15:04"), strconv.FormatUint(r.Seed, 10), strconv.Itoa(len(r.Cells))}
	if r.Damage != "" {
		return append(row[:2], "-", "-", "-", "-", "-", "-", "-", "-", "-", "damaged: "+strings.Join(strings.Fields(r.Damage), " "))
	}
	counts := map[string]int{}
	for _, c := range r.Outcomes {
		counts[c.Outcome] = c.Cells
	}
	for _, outcome := range []string{"held", "broken", "missed", "unknown", string(results.Failed), string(results.Planned)} {
		n := "-"
		if counts[outcome] > 0 {
			n = strconv.Itoa(counts[outcome])
		}
		row = append(row, n)
	}
	took := "not ended"
	if !r.End.IsZero() {
		took = r.Took().Round(time.Second).String()
	}
	return append(row, took, cmp.Or(r.Command(), "-"))
}
