package cli

import (
	"cmp"
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
	var want string
	var asJepsen bool
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
  lockquake check history.edn --as-jepsen`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			which := runOf(args)
			if _, err := parseWant(want); want != "" && err != nil {
				return usage(err)
			}
			switch {
			case isOutside(which) && cmd.Flags().Changed("want"):
				return usage(errors.New("--want goes with a run: nothing was promised of an .edn file"))
			case isOutside(which):
				return a.checkOutside(which, readingOf(asJepsen))
			case asJepsen:
				return usage(errors.New("--as-jepsen goes with an .edn file: lockquake report -o edn writes one"))
			}
			if stat, err := os.Stat(which); err == nil && stat.Mode().IsRegular() {
				return a.checkFile(which, want)
			}
			run, err := results.Open(which)
			if err != nil {
				return usage(err)
			}
			return a.checkRun(cmd, run, want)
		},
	}
	cmd.Flags().BoolVar(&asJepsen, "as-jepsen", false, "read FILE.edn as Jepsen's Knossos does")
	cmd.Flags().StringVar(&want, "want", "", "what a cell must give: safe or promised (default: what the run was asked for)")
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
	if len(args) == 0 || !slices.Contains([]string{"check", "report", "compare"}, args[0]) {
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

func (a app) checkRun(cmd *cobra.Command, run *results.Run, asked string) error {
	want, err := parseWant(cmp.Or(asked, run.Manifest().Want, defaultWant))
	if err != nil {
		return usage(err)
	}
	cells := run.Cells()
	fmt.Fprintf(a.out, "lockquake check: seed %d, %d cells in %s\n", run.Manifest().Seed, len(cells), run.Dir())
	t := tally{total: len(cells)}
	for _, cell := range cells {
		record := cell.Record()
		name := record.CellName
		if record.State == results.Failed {
			t.add(outcome{name: name, err: errors.New(record.Why)})
			a.tellOf(t.done, t.total, t.outcomes[t.done-1])
			continue
		}
		o := a.judge(cell, a.catalogue.checkers(), a.catalogue.promise(name.Strategy), want)
		if errors.Is(o.err, results.ErrNoHistory) {
			continue // planned, and never begun
		}
		o.name = name
		t.add(o)
		a.tellOf(t.done, t.total, o)
	}
	return a.conclude(cmd.Context(), run, t)
}

// checkFile judges one history by itself.
func (a app) checkFile(path, asked string) error {
	want, err := parseWant(cmp.Or(asked, defaultWant))
	if err != nil {
		return usage(err)
	}
	h, err := readHistory(path)
	if err != nil {
		return usage(err)
	}
	name := results.CellName{Strategy: h.Header.Strategy, Fault: h.Header.Fault, Repeat: h.Header.Repeat}
	o := outcome{
		name:      name,
		judgement: checker.Judge(h, a.catalogue.checkers(), a.catalogue.promise(name.Strategy), want),
		cut:       h.Cut, garbled: h.Garbled,
	}
	t := tally{total: 1}
	t.add(o)
	a.tellOf(t.done, t.total, o)
	fmt.Fprintf(a.out, "RESULT: %s; seed %d; exit %d\n", t, h.Header.Seed, t.code())
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
