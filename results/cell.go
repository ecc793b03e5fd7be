package results

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
)

// Files of a cell's folder.
const (
	planFile     = "plan.json"
	historyFile  = "history.jsonl.zst"
	verdictsFile = "verdicts.json"
	statsFile    = "stats.json"
)

// Cell is the folder of one cell of a run.
type Cell struct {
	run   *Run
	index int
}

// Record is what run.json says of the cell now.
func (c *Cell) Record() Record {
	c.run.mu.Lock()
	defer c.run.mu.Unlock()
	return c.run.manifest.Cells[c.index]
}

// Run is the run that the cell is of.
func (c *Cell) Run() *Run { return c.run }

// Dir is the cell's folder.
func (c *Cell) Dir() string { return filepath.Join(c.run.dir, "cells", c.Record().Folder) }

// Path is the path of a file in the cell's folder.
func (c *Cell) Path(name string) string { return filepath.Join(c.Dir(), name) }

// HistoryPath is the path of the stored history.
func (c *Cell) HistoryPath() string { return c.Path(historyFile) }

func (c *Cell) makeFolder() error {
	if err := os.MkdirAll(c.Dir(), 0o755); err != nil {
		return fmt.Errorf("create cell folder %s: %w", c.Dir(), reason(err))
	}
	return nil
}

// Begin notes when the cell was begun. One process writes run.json: the one that carries out the run.
func (c *Cell) Begin() error {
	return c.run.update(c.index, func(r *Record) { r.Begun = time.Now().Round(0) })
}

// CutShort notes that the cell was interrupted: what it would have come to is not known.
func (c *Cell) CutShort() error {
	return c.run.update(c.index, func(r *Record) { r.Cut = true })
}

// WritePlan stores the plan, which this package does not read.
func (c *Cell) WritePlan(plan []byte) error { return writeFile(c.Path(planFile), plan) }

// History makes the history's file. It is written in place, not renamed at the end: after a kill,
// what was written by then can be judged.
func (c *Cell) History() (io.WriteCloser, error) {
	f, err := os.Create(c.HistoryPath())
	if err != nil {
		return nil, fmt.Errorf("create history %s: %w", c.HistoryPath(), reason(err))
	}
	return f, nil
}

// ErrNoHistory is wrapped by ReadHistory's error if the cell was never begun.
var ErrNoHistory = errors.New("no history: the cell was never begun")

// ReadHistory reads the stored history, or the sound beginning of it; History.Cut tells.
func (c *Cell) ReadHistory() (history.History, error) {
	f, err := c.run.open(c.name(historyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return history.History{}, fmt.Errorf("cell %s: %w", c.Record().CellName, ErrNoHistory)
	}
	if err != nil {
		return history.History{}, fmt.Errorf("open history %s: %w", c.HistoryPath(), reason(err))
	}
	if stat, err := f.Stat(); err == nil && stat.Size() == 0 { // killed before its first operation
		return history.History{}, fmt.Errorf("cell %s: %w", c.Record().CellName, errors.Join(ErrNoHistory, f.Close()))
	}
	h, err := history.Decode(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return history.History{}, fmt.Errorf("read history %s: %w", c.HistoryPath(), err)
	}
	return h, nil
}

// Finish stores the judgement of a history, its statistics and its pictures, and marks the cell as
// done. A cell may be finished again, under a better judge.
func (c *Cell) Finish(h history.History, j checker.Judgement) error {
	s := newScene(&h, j.Verdicts...)
	name := c.Record().CellName
	title := fmt.Sprintf("%s: %s", name, j.Grade)
	if j.Validity == checker.Invalid && j.Grade > checker.Unsafe {
		title += ", broken" // in another way than its grade tells of
	}
	m := measurement{s.measure(), s.struck()}
	cut := c.Record().Cut || h.Cut != ""
	thresholds := c.Record().Limits.judge(s, m.Stats, cut)
	if j.Harness {
		doubt(thresholds)
	}
	steps := []func() error{
		func() error { return writeJSON(c.Path(verdictsFile), j) },
		func() error { return writeJSON(c.Path(statsFile), m) },
		func() error { return writeCompact(c.Path(chartsFile), s.charts(s.holderCharts(j.Verdicts))) },
		func() error { return s.writeLog(c.Path(logFile), m.Stats) },
		func() error { return timeline(s, s.telling(j.Verdicts), title).save(c.Path("timeline")) },
		func() error { return c.writeCounterexamples(s, j) },
		func() error { return latencyOverTime(s, title).save(c.Path("latency")) },
		func() error { return percentiles(m.Stats, title).save(c.Path("percentiles")) },
		func() error {
			return c.run.update(c.index, func(r *Record) {
				r.State, r.Grade, r.Validity, r.Why, r.Thresholds = Done, j.Grade, j.Validity, Headline(j).Why, thresholds
				r.Cut = cut
				if t, ok := telling(thresholds); ok && j.Validity == checker.Valid {
					r.Why = t.Name + ": " + t.Why
				}
			})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("finish cell %s: %w", name, err)
		}
	}
	return nil
}

// Judgement is what was stored of it; without, it was never judged.
func (c *Cell) Judgement() (j checker.Judgement, judged bool, err error) {
	judged, err = c.readIfThere(verdictsFile, &j)
	return j, judged, err
}

// Stats are what Finish has measured.
func (c *Cell) Stats() (Stats, error) {
	var m measurement
	measured, err := c.readIfThere(statsFile, &m)
	if err == nil && !measured {
		err = fmt.Errorf("cell %s: it was not measured", c.Record().CellName)
	}
	return m.Stats, err
}

// Fail marks a cell that the harness could not carry out.
func (c *Cell) Fail(cause error) error {
	return c.run.update(c.index, func(r *Record) {
		r.State, r.Grade, r.Validity, r.Why, r.Thresholds = Failed, checker.Ungraded, checker.Unknown, cause.Error(), nil
	})
}

// gravest is the order in which broken checks are told: the harm before what led to it.
func gravest() []string {
	return []string{"fencing", "exclusion", "lease-bounded", "grant", "release", "progress", "promise", "evidence", "well-formed"}
}

// byGravity is verdicts in that order; those of other names come first.
func byGravity(verdicts []checker.Verdict) []checker.Verdict {
	sorted := slices.Clone(verdicts)
	slices.SortStableFunc(sorted, func(a, b checker.Verdict) int {
		return slices.Index(gravest(), a.Checker) - slices.Index(gravest(), b.Checker)
	})
	return sorted
}

// Headline is the verdict that says most of a cell: a failure of lockquake, else why it has no
// grade, else what was broken, else that it gave what was wanted.
func Headline(j checker.Judgement) checker.Verdict {
	byName := map[string]checker.Verdict{}
	for _, v := range j.Verdicts {
		if v.Harness {
			return v
		}
		byName[v.Checker] = v
	}
	telling := []checker.Validity{checker.Invalid, checker.Unknown}
	switch {
	case j.Grade == checker.Ungraded:
		slices.Reverse(telling)
	case j.Grade != checker.Unsafe && j.Validity == checker.Valid:
		return byName["promise"]
	}
	for _, validity := range telling {
		for _, name := range gravest() {
			if v, ok := byName[name]; ok && v.Validity == validity {
				return v
			}
		}
	}
	return byName["promise"]
}

// measurement is stats.json.
type measurement struct {
	Stats
	Faults []Struck `json:"faults"`
}

// Struck is what one injected fault really did.
type Struck struct {
	Fault    string        `json:"fault"`
	Target   string        `json:"target"`
	From     time.Duration `json:"from_ns"`
	To       time.Duration `json:"to_ns"`
	Healed   bool          `json:"healed"`
	Observed bool          `json:"observed"` // whether evidence of it was seen
	Evidence string        `json:"evidence"`
	Error    string        `json:"error,omitempty"`
	// LongestGap is the longest time without a grant of those that it fell into.
	LongestGap time.Duration `json:"longest_gap_ns,omitempty"`
}

func (s *scene) struck() []Struck {
	var all []Struck
	gaps := s.gaps()
	for _, i := range s.injections {
		when := s.faultSpan(i)
		all = append(all, Struck{
			Fault: i.Inject.Fault, Target: i.Inject.Note, From: when.from, To: when.to,
			Healed: i.Heal.ID() != 0, Observed: i.Observed(), Evidence: i.Heal.Note,
			Error: strings.TrimSpace(i.Inject.Error + " " + i.Heal.Error), LongestGap: longestOf(gaps, when),
		})
	}
	return all
}
