package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lockquake/harness"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// selftestOptions are what selftest is asked for.
type selftestOptions struct {
	seed     uint64 // the first
	seeds    int
	parallel int
	cluster  string
	asJSON   bool
	out      string
}

func (a app) selftestCommand() *cobra.Command {
	var o selftestOptions
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "the broken locks that must be caught",
		Long: `selftest tries lockquake itself: locks that are broken on purpose, each by a slip that is easily made, must be caught
by the checker that is there for it, under a fault that is there for it; and locks that are sound must not be accused
under the same faults of more than what they are known for. It carries out cells as run does, and keeps them.

For each broken lock it tells in how many cells it was caught, with the 95 % interval (Wilson's) of how often it would
be. lockquake list selftest says what is broken about each.

Exit codes: 0 every broken lock was caught at every seed, and no sound one accused; 1 one was not caught, or
accused; 3 something could not be told.`,
		Example: `  lockquake selftest
  lockquake selftest --seeds 20 --parallel 4
  lockquake selftest --seed 7 --seeds 1 --json
  lockquake selftest --cluster virtual --seeds 10`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.selftest(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.Uint64Var(&o.seed, "seed", 1, "the first seed; the others follow it")
	flags.IntVar(&o.seeds, "seeds", 3, "how many seeds: each cell is carried out once with each")
	flags.IntVar(&o.parallel, "parallel", 8, "cells that are carried out at a time; they mostly wait")
	flags.StringVar(&o.cluster, "cluster", scenario.Embed, "kind of cluster: "+scenario.Embed+", or "+scenario.Virtual+", in virtual time")
	flags.BoolVar(&o.asJSON, "json", false, jsonDoc)
	flags.StringVar(&o.out, "out", "", "folder of the run, new or empty (default: a new one in "+results.Runs+")")
	return cmd
}

// run are the options of the run that a selftest is. One member is enough: nothing is done to members. The TTL outlasts
// what a busy machine does to renewals, else leases would end that no fault has struck.
func (o selftestOptions) run() runOptions {
	r := runOptions{Settings: harness.Usual(), wantOptions: wantOptions{want: "promised"}, seed: o.seed, parallel: o.parallel, out: o.out, clusters: &clusterOptions{}}
	r.Cluster = o.cluster
	r.Members, r.TTL, r.Duration = 1, 2*time.Second, 2*time.Second
	r.given = func(string) bool { return false }
	return r
}

// again is the command line that makes the same selftest again.
func (o selftestOptions) again() []string {
	args := []string{"lockquake", "selftest", "--seed", strconv.FormatUint(o.seed, 10), "--seeds", strconv.Itoa(o.seeds)}
	if o.cluster != scenario.Embed {
		args = append(args, "--cluster", o.cluster)
	}
	return args
}

// cellAgain makes a cell again with those of its seed.
func (o selftestOptions) cellAgain(cell results.CellName) []string {
	o.seed, o.seeds = o.seed+uint64(cell.Repeat)-1, 1
	return o.again()
}

func (a app) selftest(ctx context.Context, o selftestOptions) error {
	s, err := a.chooseProofs(ctx, o)
	if err != nil {
		return asUsage(err)
	}
	s.again = o.cellAgain
	a = a.inJSON(o.asJSON)
	run, err := a.begin("selftest", s, o.run(), o.span(), s.about(o.parallel), o.again())
	if err != nil {
		return err
	}
	t := tally{total: len(s.plan.Cells)}
	a.carryOutAll(ctx, run, s, o.parallel, &t, a.tellOfSpecimen(o))
	if err := a.finish(ctx, run); err != nil {
		return harnessFailed(err)
	}
	return a.tellOfSelftest(ctx, o, examine(a.catalogue, o.seeds, t.outcomes), t, run.Path("report.html"))
}

// chooseProofs makes the plan of all proofs: each seed's cells are those that run draws from it, and the seed's place
// is their number.
func (a app) chooseProofs(ctx context.Context, o selftestOptions) (selection, error) {
	if o.seeds < 1 || o.seeds > scenario.MaxRepeat {
		return selection{}, fmt.Errorf("--seeds is %d: give a number from 1 to %d", o.seeds, scenario.MaxRepeat)
	}
	if err := validOwnTime(o.cluster); err != nil {
		return selection{}, err
	}
	r := o.run()
	s, err := a.selection(r)
	if err != nil {
		return s, err
	}
	recipes, err := a.catalogue.proofRecipes()
	if err != nil {
		return s, err
	}
	trials, err := a.trials(ctx, r, recipes, &s)
	if err != nil {
		return s, err
	}
	s.plan.Seed = o.seed
	for i := range o.seeds {
		cells := harness.Draw(o.seed+uint64(i), trials).Cells
		for c := range cells {
			cells[c].Repeat = i + 1
		}
		s.plan.Cells = append(s.plan.Cells, cells...)
	}
	return s, nil
}

// proofRecipes are the proofs as scenarios.
func (c Catalogue) proofRecipes() ([]scenario.Scenario, error) {
	var recipes []scenario.Scenario
	for _, p := range proofs() {
		recipe := scenario.Scenario{Name: harness.Calm}
		if p.fault != harness.Calm {
			i := slices.Index(names(c.Faults), p.fault)
			if i < 0 {
				return nil, unknownName("selftest", p.fault, names(c.Faults))
			}
			recipe = alone(c.Faults[i])
			recipe.Rules[0].Every = p.every
			if p.anytime {
				recipe.Rules[0].Aim.Moment = ""
			}
		}
		recipe.Settings = p.under
		for _, it := range p.catches {
			recipe.Settings.Strategies = append(recipe.Settings.Strategies, it.strategy)
		}
		recipe.Settings.Strategies = append(recipe.Settings.Strategies, spared()...)
		recipes = append(recipes, recipe)
	}
	return recipes, nil
}

// span are the seeds in words.
func (o selftestOptions) span() string {
	if o.seeds == 1 {
		return fmt.Sprintf("seed %d", o.seed)
	}
	return fmt.Sprintf("seeds %d to %d", o.seed, o.seed+uint64(o.seeds)-1)
}
