package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	etcd "go.etcd.io/etcd/api/v3/version"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/results"
)

// runOptions are the flags of run.
type runOptions struct {
	harness.Settings
	strategies string
	faults     string
	want       string
	out        string
	planOnly   bool
}

func (a app) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "strategies under faults, each cell judged",
		Long: `run carries out one cell for each strategy, fault and repeat: it starts a cluster, lets the clients
fight for the lock, injects the fault, heals, reads what has become of the register that the lock
protects, and judges the recorded history. Cells are written as they happen.`,
		Example: `  lockquake run --strategy mutex --fault pause-holder
  lockquake run --strategy mutex,mutex+fence --fault all --repeat 3 --seed 7
  lockquake run --strategy all --fault all --want promised
  lockquake run --strategy tutorial --fault revoke-holder --plan-only`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				o.Seed = rand.Uint64N(1_000_000)
			}
			return a.runPlan(cmd.Context(), o)
		},
	}
	o.declare(cmd.Flags())
	return cmd
}

func (o *runOptions) declare(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&o.strategies, "strategy", "mutex", "strategies, comma separated; all: all but the broken ones, broken: only those")
	flags.StringVar(&o.faults, "fault", all, "faults, comma separated, or all")
	flags.StringVar(&o.want, "want", defaultWant, "what a cell must give: safe (what the strategy promises, and never unsafe), or\npromised (just what it promises; and a broken strategy must be caught)")
	flags.IntVar(&o.Clients, "clients", 5, "clients that fight for the lock")
	flags.IntVar(&o.Keys, "keys", 1, "locks that they fight for")
	flags.DurationVar(&o.TTL, "ttl", time.Second, "TTL of leases, whole seconds")
	flags.DurationVar(&o.Hold, "hold", 50*time.Millisecond, "mean time that a lock is held; drawn from half to one and a half of it")
	flags.DurationVar(&o.Duration, "duration", 3*time.Second, "time in which faults are injected")
	flags.DurationVar(&o.Warmup, "warmup", 500*time.Millisecond, "time before that")
	flags.IntVar(&o.Repeat, "repeat", 1, "repeats of each strategy and fault")
	flags.IntVar(&o.Members, "members", 3, "members of the cluster")
	flags.StringVar(&o.Resource, "resource", harness.InMemory, "where the register is that the lock protects: memory (outside of etcd), or etcd")
	flags.Uint64Var(&o.Seed, "seed", 0, "seed of the plan (default: drawn, and printed)")
	flags.StringVar(&o.out, "out", "", "folder of the run, new or empty (default: a new one in "+results.Runs+")")
	flags.BoolVar(&o.planOnly, "plan-only", false, "print the plan as JSON and do nothing")
}

// args is the command line that makes the same run again.
func (o runOptions) args() []string {
	return []string{"lockquake", "run",
		"--strategy", o.strategies, "--fault", o.faults, "--want", o.want,
		"--clients", strconv.Itoa(o.Clients), "--keys", strconv.Itoa(o.Keys),
		"--ttl", o.TTL.String(), "--hold", o.Hold.String(), "--duration", o.Duration.String(), "--warmup", o.Warmup.String(),
		"--repeat", strconv.Itoa(o.Repeat), "--members", strconv.Itoa(o.Members), "--resource", o.Resource,
		"--seed", strconv.FormatUint(o.Seed, 10)}
}

// selection is what a run's flags name in the catalogue.
type selection struct {
	plan       harness.Plan
	want       checker.Want
	strategies map[string]Strategy
	faults     map[string]harness.Threat
	checkers   []checker.Checker
}

func (a app) choose(o runOptions) (selection, error) {
	s := selection{strategies: map[string]Strategy{}, faults: map[string]harness.Threat{}, checkers: a.catalogue.checkers()}
	if err := o.Validate(harness.MinTTL()); err != nil {
		return s, err
	}
	var err error
	if s.want, err = parseWant(o.want); err != nil {
		return s, err
	}
	strategies, err := pick("strategy", o.strategies, a.catalogue.Strategies, map[string]func(Strategy) bool{
		all:    func(s Strategy) bool { return !s.Promise.Broken },
		broken: func(s Strategy) bool { return s.Promise.Broken },
	})
	if err != nil {
		return s, err
	}
	faults, err := pick("fault", o.faults, a.catalogue.Faults, map[string]func(nemesis.Fault) bool{
		all: func(nemesis.Fault) bool { return true },
	})
	if err != nil {
		return s, err
	}
	var subjects []harness.Subject
	for _, e := range strategies {
		s.strategies[e.Name] = e.Value
		subjects = append(subjects, harness.Subject{Name: e.Name, Fenced: e.Value.Fenced})
	}
	var threats []harness.Threat
	for _, e := range faults {
		s.faults[e.Name] = harness.Threat{Name: e.Name, Fault: e.Value}
		threats = append(threats, s.faults[e.Name])
	}
	s.plan = harness.Draw(o.Settings, subjects, threats)
	return s, nil
}

const defaultWant = "safe"

func parseWant(text string) (checker.Want, error) {
	switch text {
	case "safe":
		return checker.Safe, nil
	case "promised":
		return checker.Promised, nil
	}
	return 0, fmt.Errorf("--want is %q: give safe or promised", text)
}

func (c Catalogue) checkers() []checker.Checker {
	var checkers []checker.Checker
	for _, e := range c.Checkers {
		checkers = append(checkers, e.Value)
	}
	return checkers
}

func (a app) runPlan(ctx context.Context, o runOptions) error {
	s, err := a.choose(o)
	if err != nil {
		return usage(err)
	}
	if o.planOnly {
		_, err := a.out.Write(s.plan.JSON())
		return err
	}
	run, err := results.Create(o.out, info(o, s.plan))
	if err != nil {
		return usage(err)
	}
	fmt.Fprintf(a.out, "lockquake run: seed %d, %d cells, about %v, written to %s\n", o.Seed, len(s.plan.Cells), s.plan.Estimate(), run.Dir())
	t := tally{total: len(s.plan.Cells)}
	for _, cell := range s.plan.Cells {
		if ctx.Err() != nil {
			break
		}
		t.add(a.carryOut(ctx, run, cell, s, &t))
	}
	return a.conclude(ctx, run, t)
}

func info(o runOptions, plan harness.Plan) results.Info {
	i := results.Info{Seed: o.Seed, Args: o.args(), Want: o.want, Etcd: etcd.Version}
	for _, c := range plan.Cells {
		i.Cells = append(i.Cells, results.CellName{Strategy: c.Strategy, Fault: c.Fault, Repeat: c.Repeat})
	}
	return i
}

// carryOut does one cell, judges and stores it, and prints its line.
func (a app) carryOut(ctx context.Context, run *results.Run, cell harness.Cell, s selection, t *tally) outcome {
	name := results.CellName{Strategy: cell.Strategy, Fault: cell.Fault, Repeat: cell.Repeat}
	began := time.Now()
	stored, err := run.Cell(name)
	if err != nil {
		return a.report(t, name, outcome{err: err})
	}
	if err := a.record(ctx, stored, cell, s); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return outcome{skipped: true} // it was interrupted before it began
		}
		return a.report(t, name, outcome{err: errors.Join(err, stored.Fail(err))})
	}
	o := a.judge(stored, s.checkers, s.strategies[cell.Strategy].Promise, s.want)
	o.took = time.Since(began)
	return a.report(t, name, o)
}

// record carries out the cell and writes its plan and history.
func (a app) record(ctx context.Context, stored *results.Cell, cell harness.Cell, s selection) error {
	if err := stored.WritePlan(cell.JSON()); err != nil {
		return err
	}
	file, err := stored.History()
	if err != nil {
		return err
	}
	parts := harness.Parts{
		Strategy: s.strategies[cell.Strategy].Open,
		Fault:    s.faults[cell.Fault].Fault,
		Start:    harness.Embedded(cell.Members, stored.Dir()),
	}
	err = harness.Run(ctx, cell, parts, file)
	return errors.Join(err, file.Close())
}

// conclude writes what compares the cells, and the last line.
func (a app) conclude(ctx context.Context, run *results.Run, t tally) error {
	report := "report: " + run.Path("report.html")
	if err := run.Finish(); err != nil {
		report = fmt.Sprintf("report: not written: %v", err)
		t.unsaved++
	}
	code, how := t.code(), ""
	if ctx.Err() != nil {
		code, how = worse(code, exitInterrupted), "interrupted; "
	}
	fmt.Fprintf(a.out, "\n%s%s\n", t.matrix(), report)
	fmt.Fprintf(a.out, "RESULT: %s%s; seed %d; exit %d\n", how, t, run.Manifest().Seed, code)
	return ended(code)
}
