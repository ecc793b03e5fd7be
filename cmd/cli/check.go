package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/results"
)

func (a app) checkCommand() *cobra.Command {
	var o wantOptions
	var asJepsen, asJSON bool
	cmd := &cobra.Command{
		Use:   "check [RUN | HISTORY | FILE.edn]",
		Short: "judge a stored run or history again",
		Long: `check judges the histories of a stored run again, without a cluster, and writes its verdicts, pictures
and report anew. RUN is a folder, latest (the default), or -1 for the one before it. Of a history that
a kill cut short, or that is garbled, the sound beginning is judged.

HISTORY is a single history.jsonl.zst; nothing is written then.

FILE.edn is a history of a lock test by Jepsen: a vector, a list or a sequence of maps
{:type :invoke|:ok|:fail|:info, :f :acquire|:release, :process, :time, ...}. Its processes are the owners of
the lock. A release that failed (:not-held) still means that its process has stopped believing. With
--as-jepsen it is judged as by Jepsen's Knossos: a mutex without owners, in which what failed did not happen.`,
		Example: `  lockquake check
  lockquake check results/runs/20261122T230000Z-42
  lockquake check some/cells/mutex__none__r1/history.jsonl.zst
  lockquake check jepsen/store/latest/history.edn
  lockquake check history.edn --as-jepsen
  lockquake check --json | jq -r 'select(.event == "cell" and .outcome == "broken") | .strategy'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			which := runOf(args)
			given := cmd.Flags().Changed
			a := a.inJSON(asJSON)
			if err := o.validate(); err != nil {
				return usage(err)
			}
			switch {
			case isOutside(which) && slices.ContainsFunc(wantFlags(), given):
				return usage(errors.New("--want, --unknown and thresholds go with a run: nothing was promised of an .edn file"))
			case isOutside(which):
				return a.checkOutside(which, readingOf(asJepsen))
			case asJepsen:
				return usage(errors.New("--as-jepsen goes with an .edn file: lockquake report -o edn writes one"))
			}
			if stat, err := os.Stat(which); err == nil && stat.Mode().IsRegular() {
				return a.checkFile(which, o, given)
			}
			run, err := results.Open(which)
			if err != nil {
				return usage(err)
			}
			return a.checkRun(cmd.Context(), run, o, given)
		},
	}
	cmd.Flags().BoolVar(&asJepsen, "as-jepsen", false, "read FILE.edn as Jepsen's Knossos does")
	cmd.Flags().BoolVar(&asJSON, "json", false, jsonDoc)
	o.declare(cmd.Flags(), "", "", "\n(default: what the run was asked for)")
	return cmd
}

// runOf is the run or file that a command line names; empty: the latest run.
func runOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// namingRuns spells an argument like -1, which names a run, as latest-1: the parser would take it for a flag.
func namingRuns(args []string) []string {
	if len(args) == 0 || !slices.Contains([]string{"check", "report", "compare", "merge", "serve"}, args[0]) {
		return args
	}
	named := slices.Clone(args)
	for i, arg := range named {
		if n, err := strconv.Atoi(arg); err == nil && n < 0 {
			named[i] = "latest" + arg
		}
	}
	return named
}

func (a app) checkRun(ctx context.Context, run *results.Run, o wantOptions, given func(flag string) bool) error {
	if err := a.ask(run, o, given); err != nil {
		return err
	}
	cells := run.Cells()
	for _, cell := range cells {
		if _, err := wantOf(cell.Record().Asked); err != nil {
			return usage(fmt.Errorf("run.json of %s: %s: %w", run.Dir(), cell.Record().CellName, err))
		}
	}
	fmt.Fprintf(a.out, "lockquake check: seed %d, %s in %s\n", run.Manifest().Seed, counted(len(cells), "cell"), run.Dir())
	a.tells(selection{}.event("check", run, 0))
	t := tally{total: len(cells), letPass: run.Manifest().Unknown == results.LetPass}
	var judging steps
	defer a.watch(ctx, &judging)()
	for i, cell := range cells {
		record := cell.Record()
		name := record.CellName
		judging.next("judging %s, cell %d/%d", name, i+1, len(cells))
		if record.State == results.Failed {
			t.add(outcome{name: name, err: errors.New(record.Why)})
			a.tellOf(t.done, t.total, t.outcomes[t.done-1])
			continue
		}
		o := a.judgeAgain(cell)
		o.name, o.skipped = name, errors.Is(o.err, results.ErrNoHistory)
		t.add(o)
		if !o.skipped {
			a.tellOf(t.done, t.total, o)
		}
	}
	return a.conclude(ctx, run, a.matrix(t), t)
}

// ask notes in the folder of a run what it has to give from now on, where that is not what it was asked for.
func (a app) ask(run *results.Run, o wantOptions, given func(flag string) bool) error {
	if !slices.ContainsFunc(wantFlags(), given) {
		return nil
	}
	m := run.Manifest()
	if given("want") {
		m.Want = o.want
	}
	if given("unknown") {
		m.Unknown = o.stored()
	}
	if err := run.Ask(m.Want, m.Unknown, func(asked results.Asked) results.Asked { return o.over(asked, given) }); err != nil {
		return harnessFailed(err)
	}
	return nil
}

func (a app) judgeAgain(cell *results.Cell) outcome {
	defer sparing(cell.HistoryPath())()
	return a.judge(cell, a.catalogue.checkers(), a.catalogue.promise(cell.Record().Strategy))
}

// checkFile judges one history by itself.
func (a app) checkFile(path string, o wantOptions, given func(flag string) bool) error {
	asked := o.over(results.Asked{}, given)
	want, err := wantOf(asked)
	if err != nil {
		return usage(err)
	}
	defer sparing(path)()
	h, err := readHistory(path)
	if err != nil {
		return usage(err)
	}
	name := results.CellName{Strategy: h.Header.Strategy, Fault: h.Header.Fault, Repeat: h.Header.Repeat}
	found := outcome{
		name:      name,
		judgement: checker.Judge(h, a.catalogue.checkers(), a.catalogue.promise(name.Strategy), want),
		file:      path,
		cut:       h.Cut, garbled: h.Garbled, thresholds: asked.Limits.Judge(h),
	}
	t := tally{total: 1, letPass: o.unknown == results.LetPass}
	t.add(found)
	a.tellOf(t.done, t.total, found)
	fmt.Fprintf(a.out, "RESULT: %s; seed %d; exit %d\n", t, h.Header.Seed, t.code())
	a.tells(t.event(t.code()))
	return ended(t.code())
}

func readHistory(path string) (history.History, error) {
	f, err := os.Open(path)
	if err != nil {
		return history.History{}, fmt.Errorf("open history: %w", err)
	}
	h, err := history.Decode(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return h, fmt.Errorf("%s: %w: give a history.jsonl.zst that lockquake run has written", path, err)
	}
	return h, nil
}

// promise is what the strategy of that name promises; one that is not in this catalogue promises
// nothing.
func (c Catalogue) promise(strategy string) checker.Promise {
	for _, e := range c.Strategies {
		if e.Name == strategy {
			return e.Value.Promise
		}
	}
	return checker.Promise{}
}
