package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lockquake/checker"
	"lockquake/results"
)

func (a app) mergeCommand() *cobra.Command {
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "merge RUN...",
		Short: "join the shards of a run that several machines have carried out",
		Long: `merge joins what lockquake run --shard has written, in a new folder with all reports, and exits as that one run
would have. Shards must be of one plan: the same seed, scenarios and settings; which of them are on hand, and in what
order they are named, does not matter. A shard or a cell that is missing is unknown, and named.

A verdict is never made good by trying again: of a cell that was carried out several times, the worst counts. An
attempt that came to none, because the harness failed, or a kill or an interruption cut it short, counts only if no
other one came to any.
So a shard that failed (exit 70) can be tried again, in a folder of its own, and merged with what it left. Joining a
merged run with its parts once more changes nothing.

Cells are not split: all operations on a key were recorded by one process, on one clock.`,
		Example: `  lockquake run --strategy all --fault core --seed 7 --shard 1/2 --out shards/1
  lockquake run --strategy all --fault core --seed 7 --shard 2/2 --out shards/2
  lockquake merge shards/1 shards/2 --out run
  lockquake merge shards/*`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(errors.New("merge: give the folders of runs, such as shards/*"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.inJSON(asJSON).merge(cmd.Context(), args, out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "folder of the joined run, new or empty (default: a new one in "+results.Runs+")")
	cmd.Flags().BoolVar(&asJSON, "json", false, jsonDoc)
	return cmd
}

func (a app) merge(ctx context.Context, which []string, out string) error {
	runs, err := openRuns(which)
	if err != nil {
		return usage(err)
	}
	merged, err := results.Merge(out, runs, a.unjudged)
	switch {
	case errors.Is(err, results.ErrNotStored):
		return harnessFailed(err)
	case err != nil:
		return usage(err)
	}
	m := merged.Manifest()
	fmt.Fprintf(a.out, "lockquake merge: seed %d, %s%s of %d runs, written to %s\n", m.Seed, before(", ", m.Part), counted(len(m.Cells), "cell"), len(m.Merged), merged.Dir())
	a.tells(selection{}.event("merge", merged, 0))
	t := tally{total: len(m.Cells), letPass: m.Unknown == results.LetPass}
	for _, cell := range merged.Cells() {
		o := a.joined(cell)
		t.add(o)
		if !o.skipped {
			a.tellOf(t.done, t.total, o)
		}
	}
	a.tellOfMissing(merged.Manifest())
	return a.conclude(ctx, merged, a.matrix(t), t)
}

// unjudged judges a cell that a kill cut short.
func (a app) unjudged(cell *results.Cell) checker.Validity {
	h, err := cell.ReadHistory()
	want, wrong := wantOf(cell.Record().Asked)
	if err != nil || wrong != nil {
		return checker.Unknown
	}
	return checker.Judge(h, a.catalogue.checkers(), a.catalogue.promise(cell.Record().Strategy), want).Validity
}

// joined is what became of a cell of a merged run.
func (a app) joined(cell *results.Cell) outcome {
	record := cell.Record()
	o := outcome{name: record.CellName, thresholds: record.Thresholds}
	if record.Cut {
		o.cut = "a kill or an interruption cut it short"
	}
	switch record.State {
	case results.Failed:
		o.err = errors.New(record.Why)
	case results.Planned:
		o = a.judge(cell, a.catalogue.checkers(), a.catalogue.promise(record.Strategy))
		o.name, o.skipped = record.CellName, errors.Is(o.err, results.ErrNoHistory)
	default:
		j, judged, err := cell.Judgement()
		if err == nil && !judged {
			err = errors.New("its verdicts.json is missing: judge its run again with lockquake check")
		}
		o.judgement, o.err = j, err
	}
	return o
}

// tellOfMissing names what nobody has carried out.
func (a app) tellOfMissing(m results.Manifest) {
	shards := map[results.CellName]int{}
	for _, share := range m.Part.Cells {
		shards[share.CellName] = share.Shard
	}
	missing := m.Part.Missing()
	cells := map[int][]string{} // by their shard; 0: one that is there
	for _, c := range m.Cells {
		shard := shards[c.CellName]
		if !slices.Contains(missing, shard) {
			shard = 0
		}
		if c.State == results.Planned {
			cells[shard] = append(cells[shard], c.CellName.String())
		}
	}
	for _, shard := range missing {
		fmt.Fprintf(a.out, "missing: shard %d of %d: %s\n", shard, m.Part.Of, printable(strings.Join(cells[shard], ", ")))
	}
	if len(cells[0]) > 0 {
		fmt.Fprintf(a.out, "missing, though their shards are there: %s\n", printable(strings.Join(cells[0], ", ")))
	}
}
