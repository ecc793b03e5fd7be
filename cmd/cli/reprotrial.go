package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/cluster"
	"lockquake/harness/repro"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// series are the trials of one reproduction.
type series struct {
	repro.Reproduction
	variant repro.Variant
	options reproOptions
	trials  []trial
	left    sync.WaitGroup
}

func newSeries(picked []repro.Reproduction, o reproOptions) []*series {
	var all []*series
	for _, r := range picked {
		s := &series{Reproduction: r, variant: variantOf(r, o.sound), options: o, trials: make([]trial, o.repeat)}
		s.left.Add(o.repeat)
		all = append(all, s)
	}
	return all
}

func variantOf(r repro.Reproduction, sound bool) repro.Variant {
	if sound {
		return r.Sound
	}
	return r.Flawed
}

// reproduce does all trials, so many at a time, and tells of each reproduction in order.
func (a app) reproduce(ctx context.Context, picked []repro.Reproduction, o reproOptions) error {
	run, err := o.folder(picked)
	if err != nil {
		return usage(err)
	}
	all := newSeries(picked, o)
	var trying steps
	stop := a.watch(ctx, &trying)
	go a.tryAll(ctx, all, run, o.parallel, &trying)
	code := a.tellOfAll(ctx, all, o)
	stop()
	for _, s := range all {
		s.left.Wait() // those that were not told of, because somebody interrupted
	}
	if run != nil {
		if err := run.Finish(); err != nil {
			return harnessFailed(err)
		}
		fmt.Fprintln(a.out, "report:", run.Path("report.html"))
	}
	return ended(code)
}

// tryAll does all trials, so many at a time. Each series tells when its own are done.
func (a app) tryAll(ctx context.Context, all []*series, run *results.Run, parallel int, trying *steps) {
	var doing errgroup.Group
	var done atomic.Int32
	tried := func(s *series) {
		trying.next("reproducing, %d of %d trials done, the last of %s", done.Add(1), len(all)*len(all[0].trials), s.ID)
	}
	trying.next("reproducing, none of %d trials done", len(all)*len(all[0].trials))
	doing.SetLimit(parallel)
	for _, s := range all {
		for i := range s.trials {
			doing.Go(func() error {
				defer s.left.Done()
				s.trials[i] = a.try(ctx, s, i+1, run)
				tried(s)
				return nil
			})
		}
	}
}

// folder makes the run that keeps the histories; nil: they are not kept.
func (o reproOptions) folder(picked []repro.Reproduction) (*results.Run, error) {
	if o.out == "" {
		return nil, nil
	}
	i := results.Info{Args: o.args(), Want: "promised", Etcd: harness.Embedded().Etcd}
	i.Again = func(cell results.CellName) []string {
		o.repeat = cell.Repeat
		return append(o.args(), cell.Strategy)
	}
	for _, r := range picked {
		i.Args = append(i.Args, r.ID)
		for n := range o.repeat {
			i.Cells = append(i.Cells, results.CellName{Strategy: r.ID, Fault: r.Fault, Repeat: n + 1})
		}
	}
	return results.Create(o.out, i)
}

// args are those of a command line that does the same again, but for the IDs.
func (o reproOptions) args() []string {
	return []string{"lockquake", "repro", fmt.Sprintf("--sound=%t", o.sound), fmt.Sprintf("--repeat=%d", o.repeat), "--cluster=" + o.cluster}
}

// trial is one time that a reproduction was carried out.
type trial struct {
	record   repro.Record
	findings []finding
	story    []string
	took     time.Duration
	err      error // the harness failed
}

// try carries out and judges one trial. In a run it is a cell.
func (a app) try(ctx context.Context, s *series, repeat int, run *results.Run) (t trial) {
	if err := ctx.Err(); err != nil {
		return trial{err: err}
	}
	began := time.Now()
	defer func() { t.took = time.Since(began) }()
	var h history.History
	if run == nil {
		h, t.record, t.err = tryInMemory(ctx, s, repeat)
	} else {
		h, t.record, t.err = tryInFolder(ctx, s, repeat, run)
	}
	if t.err != nil {
		return t
	}
	j := checker.Judge(h, a.catalogue.checkers(), checker.Promise{}, checker.Promised)
	if j.Harness {
		t.err = fmt.Errorf("%s: %s", s.ID, verdict(j, "well-formed").Why)
		return t
	}
	t.findings = findings(s.variant, j, t.record.Facts)
	t.story = storyOf(s.variant, j, &h)
	if run != nil {
		t.err = finishTrial(s, repeat, run, t, h, j)
	}
	return t
}

func tryInMemory(ctx context.Context, s *series, repeat int) (h history.History, record repro.Record, err error) {
	if s.options.cluster == scenario.Virtual {
		return tryVirtually(ctx, s, repeat)
	}
	var out bytes.Buffer
	if record, err = s.Run(ctx, cluster.Start, s.variant, repeat, &out); err != nil {
		return h, record, err
	}
	h, err = history.Decode(&out)
	return h, record, err
}

// tryVirtually has another process write the history: it is kept no longer than it is read.
func tryVirtually(ctx context.Context, s *series, repeat int) (h history.History, record repro.Record, err error) {
	file, err := os.CreateTemp("", "lockquake-history-*")
	if err != nil {
		return h, record, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if record, err = reproduceVirtually(ctx, s.errand(repeat, file.Name())); err != nil {
		return h, record, err
	}
	h, err = history.Decode(file)
	return h, record, err
}

func (s *series) errand(repeat int, path string) reproErrand {
	return reproErrand{ID: s.ID, Sound: s.options.sound, Repeat: repeat, History: path}
}

func (s *series) cell(run *results.Run, repeat int) (*results.Cell, error) {
	return run.Cell(results.CellName{Strategy: s.ID, Fault: s.Fault, Repeat: repeat})
}

func tryInFolder(ctx context.Context, s *series, repeat int, run *results.Run) (h history.History, record repro.Record, err error) {
	cell, err := s.cell(run, repeat)
	if err != nil {
		return h, record, err
	}
	if record, err = s.record(ctx, cell, repeat); err != nil {
		return h, record, errors.Join(err, cell.Fail(err))
	}
	h, err = cell.ReadHistory()
	return h, record, err
}

func (s *series) record(ctx context.Context, cell *results.Cell, repeat int) (record repro.Record, err error) {
	if s.options.cluster == scenario.Virtual {
		return reproduceVirtually(ctx, s.errand(repeat, cell.HistoryPath()))
	}
	file, err := cell.History()
	if err != nil {
		return record, err
	}
	record, err = s.Run(ctx, cluster.Start, s.variant, repeat, file)
	return record, errors.Join(err, file.Close())
}

// finishTrial stores the judgement, and the script with what it has measured in the place of a plan.
func finishTrial(s *series, repeat int, run *results.Run, t trial, h history.History, j checker.Judgement) error {
	cell, err := s.cell(run, repeat)
	if err != nil {
		return err
	}
	plan, err := json.MarshalIndent(struct {
		Reproduction string       `json:"reproduction"`
		Shows        string       `json:"shows"`
		Lock         string       `json:"lock"`
		Script       repro.Record `json:"script"`
	}{s.ID, s.Shows, s.variant.Lock, t.record}, "", "  ")
	return errors.Join(err, cell.WritePlan(plan), cell.Finish(h, j))
}
