package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// act is one half of the demo: what is told before it and after it, and what must come out.
type act struct {
	strategy string
	intro    string
	moral    string
	proven   func(checker.Judgement, history.History) bool
}

var acts = []act{
	{
		strategy: "mutex",
		intro: "1. A lock breaks. concurrency.Mutex protects a register that believes every holder;\n" +
			"   a holder is paused for longer than its lease.",
		moral: "Two clients held one lock, and the one that had slept overwrote what the other had written.",
		proven: func(j checker.Judgement, _ history.History) bool {
			return invalid(j, "exclusion") && invalid(j, "fencing") && j.Grade == checker.Unsafe
		},
	},
	{
		strategy: "mutex+fence",
		intro: "2. A token saves the data. The same lock, the same pause; the register refuses tokens\n" +
			"   that are older than one it has seen.",
		moral: "Two clients held one lock again; the late write was refused, and nothing was lost.",
		proven: func(j checker.Judgement, h history.History) bool {
			return invalid(j, "exclusion") && len(checker.Refused(h)) > 0 && j.Grade >= checker.Fenced
		},
	},
}

// teller is the checker whose story is told.
const teller = "fencing"

func invalid(j checker.Judgement, name string) bool {
	return verdict(j, name).Validity == checker.Invalid
}

func verdict(j checker.Judgement, name string) checker.Verdict {
	for _, v := range j.Verdicts {
		if v.Checker == name {
			return v
		}
	}
	return checker.Verdict{Checker: name}
}

func (a app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "a lock breaks, then a token saves the data",
		Long: `demo runs two cells on an etcd cluster of its own: concurrency.Mutex, whose holder is paused past its
TTL, with a register that believes every holder, and with one that checks fencing tokens. It exits
with 0 when the first was broken and the second saved its data, as they must.`,
		Example: "  lockquake demo",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

func demoOptions() runOptions {
	o := runOptions{clusters: &clusterOptions{}, wantOptions: wantOptions{want: "promised"}, faults: "pause-holder", strategies: acts[0].strategy + "," + acts[1].strategy}
	o.Settings = harness.Usual()
	o.Clients, o.Warmup, o.Hold = 3, time.Second, scenario.Range{From: 50 * time.Millisecond, To: 150 * time.Millisecond}
	o.seed, o.parallel, o.given = 1, 1, func(string) bool { return false }
	return o
}

func (a app) demo(ctx context.Context) error {
	o := demoOptions()
	s, err := a.choose(ctx, o)
	if err != nil {
		return usage(err)
	}
	run, err := results.Create("", a.info(s, o.wantOptions, []string{"lockquake", "demo"}))
	if err != nil {
		return usage(err)
	}
	came := 0
	for i, act := range acts {
		proven, err := a.perform(ctx, run, s, s.plan.Cells[i], act)
		if err != nil {
			return err
		}
		if proven {
			came++
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := run.Finish(); err != nil {
		return harnessFailed(err)
	}
	fmt.Fprintf(a.out, "report: %s\nnext:   lockquake run --strategy tutorial --fault revoke-holder\n", run.Path("report.html"))
	if ctx.Err() != nil {
		fmt.Fprintln(a.out, "RESULT: interrupted")
		return exit{code: exitInterrupted}
	}
	fmt.Fprintf(a.out, "RESULT: %d of %d came out as they must\n", came, len(acts))
	switch {
	case came < len(acts):
		return exit{code: exitUnknown}
	}
	return nil
}

// perform carries out one act and tells it.
func (a app) perform(ctx context.Context, run *results.Run, s selection, cell harness.Cell, act act) (bool, error) {
	fmt.Fprintf(a.out, "%s\n\n", act.intro)
	stored, err := run.Cell(cell.Name())
	if err != nil {
		return false, harnessFailed(err)
	}
	u := newUnderway([]harness.Cell{cell}, 1)
	stop := a.watch(ctx, u)
	err = a.record(ctx, stored, cell, s, u.begin(cell))
	stop()
	if err != nil {
		if ctx.Err() != nil {
			return false, exit{exitInterrupted, errors.New("interrupted before anything could be judged")}
		}
		return false, harnessFailed(err)
	}
	h, err := stored.ReadHistory()
	if err != nil {
		return false, harnessFailed(err)
	}
	j := checker.Judge(h, s.checkers, s.strategies[cell.Strategy].Promise, s.want)
	if err := stored.Finish(h, j); err != nil {
		return false, harnessFailed(err)
	}
	proven := act.proven(j, h)
	if proven || ctx.Err() == nil { // what was interrupted may lack the pause, and would teach nothing
		a.tell(j, act, proven)
	}
	return proven, nil
}

func (a app) tell(j checker.Judgement, act act, proven bool) {
	for _, line := range verdict(j, teller).Story {
		fmt.Fprintf(a.out, "   %s\n", line)
	}
	moral := act.moral
	if !proven {
		moral = fmt.Sprintf("This did not come out as it must: %s: %s.", j.Grade, verdict(j, teller).Why)
	}
	fmt.Fprintf(a.out, "\n   Grade: %s. %s\n\n", j.Grade, moral)
}
