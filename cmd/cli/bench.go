package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lockquake/harness"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// benched are the strategies that bench compares where none is named: each stands for another way to wait. Who waits
// for tutorial asks again and again; for mutex and election, in a queue of keys, a watch of the key before; for v3lock,
// in the same queue, the server does; of stm, the transactions collide; and of fastqueue, each client has a copy of
// the queue.
const benched = "tutorial,mutex,election,v3lock,stm,fastqueue"

// benchOptions are what bench is given.
type benchOptions struct {
	runOptions
	suites []string
}

func (a app) benchCommand() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench [SUITE]...",
		Short: "what locks cost in calm: how fast they are passed on, and by how many requests",
		Long: `bench lets clients pass a lock on without faults, one cell for each strategy, setting and repeat, in an order that is
drawn from the seed, and compares the cells' statistics. What a delete takes until another client's watch tells of it,
below which no lock in etcd can be passed on, is measured in each cell (the floor). Cells are recorded and judged as
those of lockquake run: how fast a lock is that broke says nothing.

Suites, each of which varies one thing:
` + describeSuites() + `

Columns: acquisitions a second, as the median of the repeats and their range; the same as a multiple of mutex's, with a ~
where chance could have done it; the mean gap, in which nobody holds the lock; what an acquire took; what passing the
lock on took, and that as a multiple of the floor; and for each acquisition raft proposals, requests of the clients,
watches begun and events told. Times are this machine's; counts and ratios carry over.`,
		Example: `  lockquake bench
  lockquake bench --strategy mutex,fastqueue --repeat 5 --seed 7
  lockquake bench holds open-loop
  lockquake bench full
  lockquake bench --json | jq 'select(.event == "bench").bench.rows[] | [.strategy, .setting, .rate.median]'
  lockquake bench --exec 'python3 mylock.py' --strategy exec,mutex`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.suites, o.given = args, cmd.Flags().Changed
			if !o.given("seed") {
				o.seed = rand.Uint64N(1_000_000)
			}
			return a.bench(cmd.Context(), o, benchAgain(cmd.Flags(), o))
		},
	}
	o.declare(cmd.Flags())
	return cmd
}

func (o *benchOptions) declare(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.Settings = benchSettings()
	o.want, o.parallel, o.clusters = defaultWant, 1, &clusterOptions{}
	flags.StringVar(&o.strategies, "strategy", benched, "strategies, comma separated, as lockquake run takes them")
	flags.StringVar(&o.exec, "exec", "", "a command that starts your own lock, in any language: it is strategy "+execName+" then")
	flags.IntVar(&o.Repeats, "repeat", o.Repeats, "repeats of each cell: with fewer than 3 no difference is claimed")
	flags.DurationVar(&o.Duration, "duration", o.Duration, "time in which a cell is measured; suites with few acquires in it take longer")
	flags.DurationVar(&o.Warmup, "warmup", o.Warmup, "time before that: without it the first cells are slower")
	flags.Uint64Var(&o.seed, "seed", 0, "seed of the plan (default: drawn, and printed)")
	flags.StringVar(&o.out, "out", "", "folder of the run, new or empty (default: a new one in "+results.Runs+")")
	flags.BoolVar(&o.planOnly, "plan-only", false, "print the plan as JSON and do nothing")
	flags.BoolVar(&o.json, "json", false, jsonDoc)
	declareMetrics(flags, &o.metrics)
}

// benchAgain is the command line that makes the same bench again.
func benchAgain(flags *pflag.FlagSet, o benchOptions) []string {
	args := append([]string{own(), "bench"}, o.suites...)
	flags.Visit(func(f *pflag.Flag) {
		if f.Name != "seed" && !ofThisTime(f.Name) {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return append(args, "--seed", fmt.Sprint(o.seed))
}

// benchSettings are those that suites vary. Leases live long: on a machine that is busy none must end.
func benchSettings() harness.Settings {
	s := harness.Usual()
	s.Clients, s.Hold, s.TTL, s.Workload = 8, scenario.Range{}, 10*time.Second, "handoff"
	s.Warmup, s.Duration, s.Repeats, s.Costs = 400*time.Millisecond, time.Second, 3, true
	return s
}

// suite is a group of settings that differ in one thing.
type suite struct {
	what     string // it is that varies, as in W=8
	settings []setting
}

// setting is one of a suite's, by its value.
type setting struct {
	value  string
	change func(*harness.Settings)
}

// full is the name of all suites together.
const full = "full"

// atFullSpeed is the value of the setting that shows what a lock can do, before it is asked for a share of that.
const atFullSpeed = "closed"

func suites() []Entry[suite] {
	return []Entry[suite]{
		{"contention", "W = 1, 2, 8 and 32 clients that get in line again at once (the one where none is named)", suite{"W", contention()}},
		{"holds", "8 clients that hold the lock for 0 to 300 ms", suite{"hold", holds()}},
		{"keys", "32 clients with one lock, with 64, and with 64 of which few are wanted mostly", suite{"keys", keyCounts()}},
		{"open-loop", "32 clients who are asked for 0.5, 0.8 and 1.1 of what they do at full speed, whether or not one is free", suite{"load", loads()}},
		{"members", "8 clients of a cluster of 1, 3 and 5 members", suite{"members", memberCounts()}},
		{"disk", "8 clients of members that do not wait for their disk, as everywhere else, and of members that do", suite{"fsync", disks()}},
	}
}

func describeSuites() string {
	var b strings.Builder
	for _, s := range suites() {
		fmt.Fprintf(&b, "  %-10s  %s\n", s.Name, s.Doc)
	}
	fmt.Fprintf(&b, "  %-10s  all of these", full)
	return b.String()
}

func suiteTable() table {
	return table{head: []string{"suite", "what is varied"}, rows: plainRows(suites())}
}

func contention() (all []setting) {
	for _, w := range []int{1, 2, 8, 32} {
		all = append(all, setting{fmt.Sprint(w), func(s *harness.Settings) { s.Clients = w }})
	}
	return all
}

func holds() (all []setting) {
	const turns = 15 // that a cell should see
	for _, ms := range []int{0, 1, 10, 30, 100, 300} {
		hold := time.Duration(ms) * time.Millisecond
		all = append(all, setting{hold.String(), func(s *harness.Settings) {
			s.Workload, s.Hold, s.Duration = "contend", scenario.Range{From: hold, To: hold}, max(s.Duration, turns*hold)
		}})
	}
	return all
}

func keyCounts() (all []setting) {
	for _, k := range []struct {
		value, spread string
		keys          int
	}{{"1", scenario.Uniform, 1}, {"64-uniform", scenario.Uniform, 64}, {"64-zipf", scenario.Zipf, 64}} {
		all = append(all, setting{k.value, func(s *harness.Settings) {
			s.Workload, s.Clients, s.Keys, s.Spread = "contend", 32, k.keys, k.spread
			s.TTL = time.Minute // each client has a lease for each key, and renews it three times in a TTL
		}})
	}
	return all
}

func loads() []setting {
	at := func(value string, load float64) setting {
		return setting{value, func(s *harness.Settings) {
			s.Workload, s.Clients, s.Load, s.Duration = "contend", 32, load, 3*s.Duration
		}}
	}
	return []setting{at(atFullSpeed, 0), at("0.5", 0.5), at("0.8", 0.8), at("1.1", 1.1)}
}

func memberCounts() (all []setting) {
	for _, n := range []int{1, 3, 5} {
		all = append(all, setting{fmt.Sprint(n), func(s *harness.Settings) { s.Members = n }})
	}
	return all
}

func disks() []setting {
	return []setting{
		{"no", func(*harness.Settings) {}},
		{"yes", func(s *harness.Settings) { s.Fsync = true }},
	}
}

func (a app) bench(ctx context.Context, o benchOptions, again []string) error {
	s, err := a.chooseBench(ctx, &o)
	if err != nil {
		return asUsage(err)
	}
	if o.planOnly {
		_, err := a.out.Write(s.plan.JSON())
		return err
	}
	a = a.inJSON(o.json)
	a, stop, err := a.withMetrics(ctx, o.metrics, s)
	if err != nil {
		return err
	}
	defer stop()
	run, err := a.begin("bench", s, o.runOptions, fmt.Sprintf("seed %d", s.plan.Seed), estimate(s.plan), again)
	if err != nil {
		return err
	}
	t := tally{total: len(s.plan.Cells)}
	a.carryOutAll(ctx, run, s, 1, &t, a.tellOfBench(run))
	measured, err := run.Bench()
	if err != nil && !errors.Is(err, results.ErrNoBench) {
		return harnessFailed(err)
	}
	a.tells(benchEvent{eventOf("bench"), measured})
	return a.conclude(ctx, run, benchTables(measured)+a.unlessHeld(t), t)
}

// estimate is about how long a bench takes.
func estimate(plan harness.Plan) time.Duration {
	const around = 300 * time.Millisecond // starting, settling, judging and drawing
	var all time.Duration
	for _, c := range plan.Cells {
		all += c.Warmup + c.Duration + around + time.Duration(c.Clients)*c.Hold.To
	}
	return all.Round(time.Second)
}

// chooseBench makes the plan.
func (a app) chooseBench(ctx context.Context, o *benchOptions) (selection, error) {
	if o.exec != "" {
		a.catalogue.Strategies = append(slices.Clip(a.catalogue.Strategies), ofProgram(o.exec)...)
	}
	s, err := a.selection(o.runOptions)
	if err != nil {
		return s, err
	}
	chosen, err := o.chosen()
	if err != nil {
		return s, err
	}
	var trials []harness.Trial
	for _, suite := range chosen {
		for _, setting := range suite.settings {
			under := o.runOptions
			setting.change(&under.Settings)
			trial, err := a.trial(ctx, under, scenario.Scenario{Name: harness.Calm}, &s)
			if err != nil {
				return s, err
			}
			trial.Setting, trial.Together = suite.what+"="+setting.value, true
			trials = append(trials, trial)
		}
	}
	s.plan = harness.Draw(o.seed, trials)
	s.plan.Interleave()
	fsync := slices.ContainsFunc(s.plan.Cells, func(c harness.Cell) bool { return c.Fsync })
	if place := cmp.Or(o.out, results.Runs); fsync && isInMemory(place) {
		return s, fmt.Errorf("%s is in memory, where waiting for the disk costs nothing: give --out a folder on a disk, or leave out the suite disk", place)
	}
	return s, nil
}

// isInMemory tells of a folder, or of the one where it will be.
func isInMemory(path string) bool {
	const tmpfs = 0x01021994 // linux/magic.h
	for {
		var fs syscall.Statfs_t
		err := syscall.Statfs(path, &fs)
		if err == nil {
			return uint32(fs.Type) == tmpfs
		}
		parent := filepath.Dir(path)
		if !errors.Is(err, syscall.ENOENT) || parent == path {
			return false
		}
		path = parent
	}
}

// chosen are the suites that were named.
func (o *benchOptions) chosen() (chosen []suite, err error) {
	all := suites()
	names := o.suites
	if len(names) == 0 {
		names = []string{all[0].Name}
	}
	picked, err := pick("SUITE", strings.Join(names, ","), all, map[string]func(string) bool{full: func(string) bool { return true }})
	if err != nil {
		return nil, err
	}
	for _, e := range picked {
		chosen = append(chosen, e.Value)
	}
	return chosen, nil
}

// loaded is a cell of an open loop whose rate has become known by what the same strategy did at full speed, in the same
// repeat. Other cells are as they are.
func loaded(run *results.Run, cell harness.Cell) (harness.Cell, error) {
	if cell.Load == 0 {
		return cell, nil
	}
	name := cell.Name()
	name.Fault = "load=" + atFullSpeed
	stored, err := run.Cell(name)
	if err != nil {
		return cell, err
	}
	full, err := stored.Stats()
	if err == nil && full.Acquired == 0 {
		err = errors.New("nothing was acquired")
	}
	if err != nil {
		return cell, fmt.Errorf("what is %v of %s: %w", cell.Load, name, err)
	}
	return cell.Loaded(full.PerSecond), nil
}
