package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/results"
	"lockquake/workloads"
)

// runOptions are what run is given.
type runOptions struct {
	harness.Settings
	wantOptions
	scenarios  []string // names, or files
	strategies string
	exec       string // a command of a program that is a strategy
	faults     string
	seed       uint64
	shard      string
	out        string
	planOnly   bool
	parallel   int
	json       bool
	metrics    string                 // the address that they are served at; empty: they are not
	clusters   *clusterOptions        // shared with the flags that set them
	given      func(flag string) bool // on the command line
	adapts     bool                   // what nobody gives is as it is usual on the kind of cluster
}

func (a app) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [SCENARIO]...",
		Short: "strategies under faults, each cell judged",
		Long: `run carries out one cell for each strategy, fault and repeat: it starts a cluster, lets the clients
fight for the lock, injects the fault, heals, reads what has become of the register that the lock
protects, and judges the recorded history. Cells are written as they happen.

A SCENARIO is the name of one (lockquake list scenarios) or a YAML file: faults by time or aimed at what
the lock does, also several at once, in one cell. What flags say goes before what a scenario says.`,
		Example: `  lockquake run --strategy mutex --fault pause-holder
  lockquake run --strategy mutex,mutex+fence --fault all --repeat 3 --seed 7
  lockquake run partitions holder --strategy mutex+fence
  lockquake run my-scenario.yaml
  lockquake run --exec 'python3 mylock.py' --fault pause-holder
  lockquake run --fault pause-leader --cluster process
  lockquake run --strategy all --fault core --want promised
  lockquake run --strategy mutex+fence --fault core --want fenced --max-p99 5s --max-gap 5s --min-ops 10
  lockquake run --strategy tutorial --fault revoke-holder --plan-only`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.scenarios, o.given, o.adapts = args, cmd.Flags().Changed, true
			if !o.given("seed") {
				o.seed = rand.Uint64N(1_000_000)
			}
			a, o, err := a.withProgram(o)
			if err != nil {
				return usage(err)
			}
			return a.runPlan(cmd.Context(), o, again(cmd.Flags(), o))
		},
	}
	o.declare(cmd.Flags())
	return cmd
}

func (o *runOptions) declare(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.Settings = harness.Usual()
	flags.StringVar(&o.strategies, "strategy", "mutex", "strategies, comma separated; all: all but the broken ones, broken: only those,\nfenced: those whose resource refuses old tokens")
	flags.StringVar(&o.exec, "exec", "", "a command that starts your own lock, in any language: it is strategy "+execName+" then, and "+execName+fence+";\nlockquake exec-test says whether it does what it must")
	flags.StringVar(&o.faults, "fault", coreFaults, "faults, comma separated; core: those that find the most, none and "+strings.Join(nemesis.Core(), ", ")+";\nall: all that the cluster allows")
	o.wantOptions.declare(flags, defaultWant, failUnknown, "")
	o.declareSettings(flags)
	flags.Uint64Var(&o.seed, "seed", 0, "seed of the plan (default: drawn, and printed)")
	flags.StringVar(&o.shard, "shard", "", "carry out one of so many parts of the plan, such as 1/4: which takes --seed, and\nlockquake merge joins them; a cell, and with it a lock's key, is always in one part")
	flags.StringVar(&o.out, "out", "", "folder of the run, new or empty (default: a new one in "+results.Runs+")")
	flags.BoolVar(&o.planOnly, "plan-only", false, "print the plan as JSON and do nothing")
	flags.BoolVar(&o.json, "json", false, jsonDoc)
	declareMetrics(flags, &o.metrics)
	flags.IntVar(&o.parallel, "parallel", 1, "cells that are carried out at a time: more save time, and spoil latencies")
	flags.StringVar(&o.Cluster, "cluster", o.Cluster, "kind of cluster: "+scenario.Embed+" (members in this process), "+scenario.Process+" (members as child processes), "+scenario.External+" or\n"+scenario.Virtual+" (members in virtual time: an hour takes seconds; where no flag says otherwise it lasts 10m, and TTLs and holds are longer)")
	flags.IntVar(&o.Members, "members", o.Members, "members of a cluster that lockquake starts")
	o.clusters = &clusterOptions{}
	o.clusters.declare(flags)
}

// declareSettings are the flags of what a cell is like, whatever it is carried out for.
func (o *runOptions) declareSettings(flags *pflag.FlagSet) {
	flags.IntVar(&o.Clients, "clients", o.Clients, "clients that fight for the lock")
	flags.IntVar(&o.Keys, "keys", o.Keys, "locks that they fight for")
	flags.DurationVar(&o.TTL, "ttl", o.TTL, "TTL of leases, whole seconds")
	flags.Var(&o.Hold, "hold", "how long a lock is held: a mean (drawn from half to one and a half of it), or a range such as 0s..2s")
	flags.DurationVar(&o.Duration, "duration", o.Duration, "time in which faults are injected")
	flags.DurationVar(&o.Warmup, "warmup", o.Warmup, "time before that")
	flags.IntVar(&o.Repeats, "repeat", o.Repeats, "repeats of each strategy and fault")
	flags.StringVar(&o.Resource, "resource", o.Resource, "where the register is that the lock protects: memory (outside of etcd), or etcd")
	flags.StringVar(&o.Loss, "loss", o.Loss, "whether clients act on the loss of their lock: heeded, or ignored as most programs do")
	flags.StringVar(&o.Workload, "workload", o.Workload, "what clients do with the lock: "+strings.Join(names(Builtin().Workloads), ", "))
	flags.IntVar(&o.Permits, "permits", o.Permits, "how many may hold a lock at a time that lets several in (a semaphore)")
	flags.StringVar(&o.Spread, "spread", o.Spread, "how clients choose among keys: uniform, or zipf (few of them mostly)")
	flags.Float64Var(&o.Rate, "rate", o.Rate, "open loop: acquires a second that fall due for all clients together, whether or not one is free;\n0: closed loop, each client as fast as it can")
}

// own is the name of this program, which may be somebody's own, with strategies that lockquake does not have.
func own() string { return filepath.Base(os.Args[0]) }

// ofThisTime tells of a flag that a run that is made again need not have.
func ofThisTime(flag string) bool {
	return slices.Contains([]string{"out", "json", "color", "help", metricsFlag}, flag)
}

// again is the command line that makes the same run again. What a scenario says is left to it.
func again(flags *pflag.FlagSet, o runOptions) []string {
	args := append([]string{own(), "run"}, o.scenarios...)
	flags.VisitAll(func(f *pflag.Flag) {
		_, secret := secrets[f.Name]
		said := f.Changed || len(o.scenarios) == 0 && f.Value.String() != f.DefValue
		switch {
		case f.Name == "seed":
			args = append(args, "--seed", strconv.FormatUint(o.seed, 10))
		case said && !secret && !ofThisTime(f.Name):
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return args
}

// selection is what a run's flags name in the catalogue.
type selection struct {
	plan       harness.Plan
	want       checker.Want
	asked      map[string]results.Asked // of cells, by their fault
	strategies map[string]Strategy
	workloads  map[string]workloads.Kind
	faults     map[string]nemesis.Fault
	kinds      map[string]harness.Kind
	checkers   []checker.Checker
	part       results.Part                    // of what the plan is
	prefix     string                          // of all keys of the run in a cluster that is not ours
	leftOut    []string                        // what was not asked for by name and cannot be had, in sentences
	scenarios  map[string]string               // of cells, as the command line names them, by their fault
	again      func(results.CellName) []string // the command line that makes a cell again; nil: there is only that of the run
}

func (s *selection) leaveOut(names []string, why string) {
	const few = 8
	who := strings.Join(names, ", ")
	if len(names) > few {
		who = fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
	}
	if len(names) > 0 {
		s.leftOut = appendNew(s.leftOut, who+": "+why)
	}
}

func (a app) choose(ctx context.Context, o runOptions) (selection, error) {
	s, err := a.selection(o)
	if err != nil {
		return s, err
	}
	recipes, err := a.recipes(ctx, o, &s)
	if err != nil {
		return s, err
	}
	trials, err := a.trials(ctx, o, recipes, &s)
	if err != nil {
		return s, err
	}
	shard, err := parseShard(o.shard, o)
	if err != nil {
		return s, err
	}
	s.plan, s.part, err = shard.part(harness.Draw(o.seed, trials), s.askedOf)
	return s, err
}

// selection is one without a plan yet.
func (a app) selection(o runOptions) (s selection, err error) {
	s = selection{
		asked: map[string]results.Asked{}, scenarios: map[string]string{}, strategies: map[string]Strategy{}, workloads: map[string]workloads.Kind{}, faults: map[string]nemesis.Fault{},
		kinds: map[string]harness.Kind{}, checkers: a.catalogue.checkers(), prefix: o.clusters.unique(),
	}
	if err := validParallel(o.parallel); err != nil {
		return s, err
	}
	if err := o.validate(); err != nil {
		return s, err
	}
	s.want, err = checker.ParseWant(o.want)
	return s, err
}

// trials are those scenarios that give at least one strategy something to do.
func (a app) trials(ctx context.Context, o runOptions, recipes []scenario.Scenario, s *selection) ([]harness.Trial, error) {
	var trials []harness.Trial
	for i, recipe := range recipes {
		trial, err := a.trial(ctx, o, recipe, s)
		if err != nil {
			return nil, err
		}
		if len(o.scenarios) > 0 {
			s.scenarios[trial.Fault()] = o.scenarios[i]
		}
		if len(trial.Subjects) > 0 {
			trials = append(trials, trial)
			s.asked[trial.Fault()] = o.over(askedOf(recipe.Want), o.given)
		}
	}
	if len(trials) == 0 {
		return nil, errors.New(strings.Join(s.leftOut, "; "))
	}
	return trials, nil
}

// trial is a scenario with all that it leaves open filled in from the flags, and checked.
func (a app) trial(ctx context.Context, o runOptions, recipe scenario.Scenario, s *selection) (harness.Trial, error) {
	trial := harness.Trial{Scenario: recipe, Settings: o.settings(recipe)}
	kind, err := s.kind(ctx, o, trial.Settings.Cluster)
	if err != nil {
		return trial, err
	}
	if kind.Members > 0 {
		trial.Settings.Members = kind.Members
	}
	w, err := a.workload(o, &trial.Settings)
	if err != nil {
		return trial, err
	}
	if err := trial.Settings.Validate(kind); err != nil {
		return trial, fmt.Errorf("--%w", err)
	}
	s.workloads[w.Name], trial.Readers = w.Value, w.Value.Readers
	if err := trial.Possible(kind); err != nil {
		return trial, err
	}
	for name, fault := range trial.Faults() {
		s.faults[name] = o.clusters.hooked(fault, s.prefix)
	}
	list := o.strategies
	if len(recipe.Settings.Strategies) > 0 && !o.given("strategy") {
		list = strings.Join(recipe.Settings.Strategies, ",")
	}
	strategies, leftOut, err := a.catalogue.pickStrategies(list, w, trial.Settings.Permits)
	s.leaveOut(leftOut, leftOutOf(w, trial.Settings.Permits))
	for _, e := range strategies {
		if unfit := kind.Unfit(e.Value.Without); unfit != "" {
			s.leaveOut([]string{e.Name}, fmt.Sprintf("it %s, and on a cluster of kind %s it must", unfit, trial.Settings.Cluster))
			continue
		}
		if unmet := unmetBy(e.Value, recipe); unmet != "" {
			s.leaveOut([]string{e.Name}, fmt.Sprintf("it %s, which %s strikes at", unmet, recipe.Name))
			continue
		}
		s.strategies[e.Name] = e.Value
		trial.Subjects = append(trial.Subjects, harness.Subject{Name: e.Name, Fenced: e.Value.Fenced})
	}
	return trial, err
}

// leftOutOf says what strategies have not that a workload leaves out.
func leftOutOf(w Entry[workloads.Kind], permits int) string {
	var reasons []string
	if abilities := needs(w, permits); abilities != 0 {
		reasons = append(reasons, fmt.Sprintf("workload %s needs locks that can: %v", w.Name, abilities))
	}
	if !w.Value.Writes {
		reasons = append(reasons, fmt.Sprintf("workload %s writes nothing that a fence could protect", w.Name))
	}
	return strings.Join(reasons, ", and ")
}

// unmetBy says why a strategy gives the faults of a scenario nothing to strike at; empty: it does.
func unmetBy(strategy Strategy, recipe scenario.Scenario) string {
	for _, rule := range recipe.Rules {
		if unmet := rule.Aim.Requires().UnmetBy(strategy.Without); unmet != "" {
			return unmet
		}
	}
	return ""
}

// maxParallel bounds the members that run at once: each takes some ten megabytes.
const maxParallel = 64

func validParallel(n int) error {
	if n < 1 || n > maxParallel {
		return fmt.Errorf("--parallel is %d: give a number from 1 to %d", n, maxParallel)
	}
	return nil
}

func (c Catalogue) checkers() []checker.Checker {
	var checkers []checker.Checker
	for _, e := range c.Checkers {
		checkers = append(checkers, e.Value)
	}
	return checkers
}

func (a app) runPlan(ctx context.Context, o runOptions, again []string) error {
	s, err := a.choose(ctx, o)
	if err != nil {
		return asUsage(err)
	}
	if o.planOnly {
		_, err := a.out.Write(s.plan.JSON())
		return err
	}
	s.again = func(cell results.CellName) []string {
		return cellAgain(again, o.scenarios, s.scenarios[cell.Fault], cell)
	}
	a = a.inJSON(o.json)
	a, stop, err := a.withMetrics(ctx, o.metrics, s)
	if err != nil {
		return err
	}
	defer stop()
	run, err := a.begin("run", s, o, fmt.Sprintf("seed %d", s.plan.Seed), s.about(o.parallel), again)
	if err != nil {
		return err
	}
	t := tally{total: len(s.plan.Cells), letPass: o.unknown == results.LetPass}
	a.carryOutAll(ctx, run, s, o.parallel, &t, a.tellOf)
	return a.conclude(ctx, run, a.matrix(t), t)
}

// about is how long the plan takes, so many cells at a time.
func (s selection) about(parallel int) time.Duration {
	return (s.plan.Estimate() / time.Duration(min(parallel, len(s.plan.Cells)))).Round(time.Second)
}

// begin makes the folder of a run, and says what will be done.
func (a app) begin(command string, s selection, o runOptions, seeds string, about time.Duration, again []string) (*results.Run, error) {
	run, err := results.Create(o.out, a.info(s, o.wantOptions, again))
	if err != nil {
		return nil, usage(err)
	}
	fmt.Fprintf(a.out, "lockquake %s: %s, %s%s, about %v%s, written to %s\n", command, seeds, before(", ", s.part), counted(len(s.plan.Cells), "cell"), about, inVirtualTime(s.plan), run.Dir())
	a.tellLeftOut(s)
	a.tells(s.event(command, run, about))
	return run, nil
}

func (a app) tellLeftOut(s selection) {
	for _, sentence := range s.leftOut {
		fmt.Fprintln(a.out, "left out:", sentence)
	}
}

// event is the run as --json tells of it before it begins.
func (s selection) event(command string, run *results.Run, about time.Duration) runEvent {
	m := run.Manifest()
	return runEvent{eventOf("run"), command, m.Seed, len(m.Cells), about.Seconds(), run.Dir(), m.Args, s.leftOut}
}

// etcd are the versions of the clusters' members.
func (s selection) etcd() string {
	var versions []string
	for _, kind := range s.kinds {
		versions = appendNew(versions, kind.Etcd)
	}
	slices.Sort(versions)
	return strings.Join(versions, ", ")
}

// carryOutAll does the plan's cells, so many at a time, and tells of each as it ends. The tally has them in
// the plan's order.
func (a app) carryOutAll(ctx context.Context, run *results.Run, s selection, parallel int, t *tally, tell func(n, total int, o outcome)) {
	outcomes := make([]outcome, len(s.plan.Cells))
	var cells errgroup.Group
	cells.SetLimit(parallel)
	var telling sync.Mutex
	told := 0
	u := newUnderway(s.plan.Cells, parallel)
	a.shows(u)
	defer a.watch(ctx, u)()
	for _, i := range s.plan.Turns() {
		cells.Go(func() error {
			if ctx.Err() != nil {
				outcomes[i] = outcome{name: s.plan.Cells[i].Name(), skipped: true}
				return nil
			}
			monitor := u.begin(s.plan.Cells[i])
			outcomes[i] = a.carryOut(ctx, run, s.plan.Cells[i], s, monitor)
			u.end(monitor)
			telling.Lock()
			defer telling.Unlock()
			if !outcomes[i].skipped {
				told++
				u.judged(outcomes[i])
				tell(told, t.total, outcomes[i])
			}
			return nil
		})
	}
	_ = cells.Wait() // what went wrong is in the outcomes
	for _, o := range outcomes {
		t.add(o)
	}
}

func (a app) info(s selection, o wantOptions, again []string) results.Info {
	i := results.Info{Seed: s.plan.Seed, Args: again, Want: o.want, Unknown: o.stored(), Etcd: s.etcd(), Part: s.part, Untested: a.untested(s), Again: s.again}
	for _, c := range s.plan.Cells {
		i.Cells = append(i.Cells, c.Name())
		i.Asked = append(i.Asked, s.askedOf(c))
	}
	return i
}

// carryOut does one cell, judges and stores it.
func (a app) carryOut(ctx context.Context, run *results.Run, cell harness.Cell, s selection, monitor *harness.Monitor) (o outcome) {
	name := cell.Name()
	began := time.Now()
	defer func() { o.name, o.took, o.virtual = name, time.Since(began), cell.Cluster == scenario.Virtual }()
	stored, err := run.Cell(name)
	if err != nil {
		return outcome{err: err}
	}
	if cell, err = loaded(run, cell); err != nil {
		return outcome{err: errors.Join(err, stored.Fail(err))}
	}
	if err := stored.Begin(); err != nil {
		return outcome{err: err}
	}
	if err := a.record(ctx, stored, cell, s, monitor); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return outcome{skipped: true} // it was interrupted before it began
		}
		return outcome{err: errors.Join(err, stored.Fail(err))}
	}
	if ctx.Err() != nil {
		if err := stored.CutShort(); err != nil {
			return outcome{err: err}
		}
	}
	monitor.Enter(harness.Judging)
	return a.judge(stored, s.checkers, s.strategies[cell.Strategy].Promise)
}

// record carries out the cell and writes its plan and history.
func (a app) record(ctx context.Context, stored *results.Cell, cell harness.Cell, s selection, monitor *harness.Monitor) error {
	if cell.Cluster == scenario.Virtual {
		return recordVirtually(ctx, stored, cell, monitor)
	}
	return harness.Record(ctx, cell, harness.Parts{
		Strategy: s.strategies[cell.Strategy].Open,
		Workload: s.workloads[cell.Workload],
		Faults:   s.faults,
		Kind:     s.kinds[cell.Cluster],
		Place:    harness.Place{Prefix: s.prefixOf(cell, stored)},
		Monitor:  monitor,
	}, stored)
}

// ownPrefix is what all keys begin with in a cluster of ours.
const ownPrefix = "lockquake/"

// prefixOf is what the cell's keys begin with: a cluster of its own has nobody else in it.
func (s selection) prefixOf(cell harness.Cell, stored *results.Cell) harness.Prefix {
	if cell.Cluster != scenario.External {
		return ownPrefix
	}
	return harness.Prefix(s.prefix + stored.Record().Folder + "/")
}

// finish writes the run's report.
func (a app) finish(ctx context.Context, run *results.Run) error {
	writing := steps{now: "writing the report"}
	defer a.watch(ctx, &writing)()
	return run.Finish()
}

// conclude writes what compares the cells, and the last line.
func (a app) conclude(ctx context.Context, run *results.Run, comparison string, t tally) error {
	report := "report: " + run.Path("report.html")
	if err := a.finish(ctx, run); err != nil {
		report = fmt.Sprintf("report: not written: %v", err)
		t.unsaved++
	}
	a.summarize(run)
	code, how := t.code(), ""
	if ctx.Err() != nil {
		code, how = worse(code, exitInterrupted), "interrupted; "
	}
	fmt.Fprintf(a.out, "\n%s%s\n", comparison, report)
	fmt.Fprintf(a.out, "RESULT: %s%s%s; seed %d; exit %d\n", how, before(": ", run.Manifest().Part), a.paint(toneOfCode(code), t.String()), run.Manifest().Seed, code)
	e := t.event(code)
	e.Interrupted, e.Report = ctx.Err() != nil, run.Path("report.html")
	a.tells(e)
	return ended(code)
}
