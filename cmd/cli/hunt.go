package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lockquake/harness"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// huntOptions are what hunt is given.
type huntOptions struct {
	runOptions
	lasts time.Duration // in wall time
	seeds int           // 0: as many as there is time for
	again int
	json  bool
	flags *pflag.FlagSet
}

// huntFaults are those that find the most, the surest first, also what is known of locks upstream.
const huntFaults = "revoke-holder,revoke-waiter,pause-holder,isolate-holder,lose-acquire-reply,lose-release-reply,kill-leader,isolate-leader"

// huntedFor is how long a cell lasts: long enough for a dozen injections, short enough for what breaks to be told of soon.
const huntedFor = 3 * time.Minute

func (a app) huntCommand() *cobra.Command {
	var o huntOptions
	cmd := &cobra.Command{
		Use:   "hunt [SCENARIO]...",
		Short: "seed after seed in virtual time, until a lock breaks",
		Long: `hunt carries out the cells of one seed after the other in virtual time, on all cores, until something breaks or the time
is up. A strategy that has broken is hunted to the end of that seed, then no more. Of the first violation of each kind
(strategy and checker) it tells the story and keeps the cell's folder, history and all, as a run that lockquake check and
report read; and it carries the same cell out again a few times, for a seed repeats what is planned, and not the order in
which goroutines run: what it finds is evidence, and may not come again. Of cells in which nothing was found nothing is
kept, but for how many grants were judged.

SCENARIO, strategies and faults are those of lockquake run, and so are all settings. A violation that is known of a
strategy is told of; only one beyond what --want takes makes exit code 1. Exit codes: 0 held, 1 something broke, 3 something
is not known, 70 a cell could not be carried out.`,
		Example: `  lockquake hunt --strategy tutorial
  lockquake hunt --strategy mutex-norecheck --fault revoke-waiter --seeds 20
  lockquake hunt --strategy mutex+fence,fastqueue+fence --for 10m
  lockquake hunt partitions --strategy election --ttl 15s --again 20`,
		RunE: func(cmd *cobra.Command, args []string) error {
			changed := cmd.Flags().Changed
			o.scenarios, o.flags = args, cmd.Flags()
			o.given = func(flag string) bool { return flag == "cluster" || changed(flag) }
			return a.inJSON(o.json).hunt(cmd.Context(), o)
		},
	}
	o.declare(cmd.Flags())
	return cmd
}

func (o *huntOptions) declare(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.Settings = harness.UsualOn(scenario.Virtual)
	o.Duration = huntedFor
	o.clusters = &clusterOptions{}
	flags.StringVar(&o.strategies, "strategy", "mutex", "strategies, comma separated, as lockquake run takes them")
	flags.StringVar(&o.faults, "fault", huntFaults, "faults, comma separated, as lockquake run takes them")
	flags.DurationVar(&o.lasts, "for", time.Minute, "when the hunt ends at the latest, in time that passes on the wall")
	flags.IntVar(&o.seeds, "seeds", 0, "how many seeds; 0: as many as there is time for")
	flags.Uint64Var(&o.seed, "seed", 1, "the first seed; the others follow it")
	flags.IntVar(&o.again, "again", 5, "how often a cell in which something was found is carried out again")
	flags.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "cells that are carried out at a time: each keeps a core busy")
	flags.StringVar(&o.want, "want", defaultWant, "what a cell must give: safe, promised or a grade, as lockquake run takes it")
	flags.IntVar(&o.Members, "members", o.Members, "members of the cluster")
	o.declareSettings(flags)
	flags.StringVar(&o.out, "out", "", "folder that what is found is kept in, new or empty (default: a new one in "+results.Runs+")")
	flags.BoolVar(&o.json, "json", false, jsonDoc)
}

func (o huntOptions) validate() error {
	switch {
	case o.lasts <= 0:
		return fmt.Errorf("--for is %v: give a positive duration, such as 1m", o.lasts)
	case o.seeds < 0 || o.seeds > scenario.MaxRepeat:
		return fmt.Errorf("--seeds is %d: give a number up to %d, 0 for as many as there is time for", o.seeds, scenario.MaxRepeat)
	case o.again < 0 || o.again > scenario.MaxRepeat:
		return fmt.Errorf("--again is %d: give a number up to %d", o.again, scenario.MaxRepeat)
	}
	return nil
}

func (a app) hunt(ctx context.Context, o huntOptions) error {
	h, err := a.newHunt(ctx, o)
	if err != nil {
		return asUsage(err)
	}
	if err := h.claim(); err != nil {
		return usage(err)
	}
	fmt.Fprintf(a.out, "lockquake hunt: seeds from %d, %s each, %v of virtual time a cell, for %v, what is found is kept in %s\n",
		o.seed, counted(len(h.draw(o.seed)), "cell"), h.trials[0].Settings.Duration, o.lasts, h.dir)
	a.tellLeftOut(h.s)
	a.tells(runEvent{event: eventOf("run"), Command: "hunt", Seed: o.seed, Cells: len(h.draw(o.seed)), Estimate: o.lasts.Seconds(), Folder: h.dir, LeftOut: h.s.leftOut})
	h.goOn(ctx)
	return errors.Join(h.conclude(ctx), h.tidy())
}

// newHunt chooses what is hunted.
func (a app) newHunt(ctx context.Context, o huntOptions) (*hunt, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s, err := a.selection(o.runOptions)
	if err != nil {
		return nil, err
	}
	recipes, err := a.recipes(ctx, o.runOptions, &s)
	if err != nil {
		return nil, err
	}
	h := &hunt{app: a, o: o, broken: map[string]uint64{}, found: map[kindOfFind]bool{}}
	if h.trials, err = a.trials(ctx, o.runOptions, recipes, &s); err != nil {
		return nil, err
	}
	h.s = s
	return h, nil
}

// claim makes the folder of the hunt.
func (h *hunt) claim() error {
	h.dir = h.o.out
	if h.dir == "" {
		h.dir = filepath.Join(results.Runs, "hunt-"+time.Now().UTC().Format("20060102T150405Z"))
	}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return fmt.Errorf("create folder %s: %w: name a folder that can be written", h.dir, err)
	}
	if there, err := os.ReadDir(h.dir); err != nil || len(there) > 0 {
		return fmt.Errorf("folder %s has files in it: name a new or an empty folder", h.dir)
	}
	return nil
}

// tidy removes the folder if nothing was found.
func (h *hunt) tidy() error {
	if there, err := os.ReadDir(h.dir); err != nil || len(there) > 0 {
		return nil
	}
	return os.Remove(h.dir)
}

// draw is the cells of a seed.
func (h *hunt) draw(seed uint64) []harness.Cell { return harness.Draw(seed, h.trials).Cells }

// runAgain is the command line that makes the run of one cell.
func (o huntOptions) runAgain(cell harness.Cell, scenarioOf func(harness.Cell) string) []string {
	args := []string{own(), "run"}
	if len(o.scenarios) > 0 {
		args = append(args, scenarioOf(cell))
	} else {
		args = append(args, "--fault="+cell.Fault)
	}
	args = append(args, "--cluster="+scenario.Virtual, "--strategy="+cell.Strategy, "--duration="+cell.Duration.String())
	o.flags.Visit(func(f *pflag.Flag) {
		if !ofThisTime(f.Name) && !slices.Contains([]string{"strategy", "fault", "for", "seeds", "seed", "again", "parallel", "duration"}, f.Name) {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return append(args, "--seed", strconv.FormatUint(cell.Seed, 10))
}
