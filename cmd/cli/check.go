package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/results"
)

func (a app) checkCommand() *cobra.Command {
	var want string
	cmd := &cobra.Command{
		Use:   "check [RUN | HISTORY]",
		Short: "judge a stored run or history again",
		Long: `check judges the histories of a stored run again, without a cluster, and writes its verdicts, pictures
and report anew. RUN is a folder, latest (the default), or -1 for the one before it. Of a history that
a kill cut short, or that is garbled, the sound beginning is judged.

HISTORY is a single history.jsonl.zst; nothing is written then.`,
		Example: `  lockquake check
  lockquake check results/runs/20261122T230000Z-42
  lockquake check some/cells/mutex__none__r1/history.jsonl.zst`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			which := ""
			if len(args) > 0 {
				which = args[0]
			}
			w, err := parseWant(want)
			if err != nil {
				return usage(err)
			}
			if stat, err := os.Stat(which); err == nil && stat.Mode().IsRegular() {
				return a.checkFile(which, w)
			}
			run, err := results.Open(which)
			if err != nil {
				return usage(err)
			}
			return a.checkRun(cmd, run, w)
		},
	}
	cmd.Flags().StringVar(&want, "want", "safe", "what a cell must give: safe or promised, as for run")
	return cmd
}

func (a app) checkRun(cmd *cobra.Command, run *results.Run, want checker.Want) error {
	cells := run.Cells()
	fmt.Fprintf(a.out, "lockquake check: seed %d, %d cells in %s\n", run.Manifest().Seed, len(cells), run.Dir())
	t := tally{total: len(cells)}
	for _, cell := range cells {
		name := cell.Record().CellName
		o := a.judge(cell, a.catalogue.checkers(), a.catalogue.promise(name.Strategy), want)
		if errors.Is(o.err, results.ErrNoHistory) {
			continue // planned, and never begun
		}
		t.add(a.report(&t, name, o))
	}
	return a.conclude(cmd.Context(), run, t)
}

// checkFile judges one history by itself.
func (a app) checkFile(path string, want checker.Want) error {
	f, err := os.Open(path)
	if err != nil {
		return usage(fmt.Errorf("open history: %w", err))
	}
	h, err := history.Decode(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return usage(fmt.Errorf("%s: %w: give a history.jsonl.zst that lockquake run has written", path, err))
	}
	name := results.CellName{Strategy: h.Header.Strategy, Fault: h.Header.Fault, Repeat: h.Header.Repeat}
	o := outcome{
		judgement: checker.Judge(h, a.catalogue.checkers(), a.catalogue.promise(name.Strategy), want),
		cut:       h.Cut, garbled: h.Garbled,
	}
	t := tally{total: 1}
	t.add(a.report(&t, name, o))
	fmt.Fprintf(a.out, "RESULT: %s; seed %d; exit %d\n", t, h.Header.Seed, t.code())
	if t.code() == exitHeld {
		return nil
	}
	return exit{code: t.code()}
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
