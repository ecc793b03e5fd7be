package cli

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// wantOptions are what the cells of a run have to give.
type wantOptions struct {
	want    string
	limits  results.Limits
	unknown string // failUnknown or results.LetPass
}

const (
	defaultWant = "safe"
	failUnknown = "fail"
)

// declare makes the flags. What a command without them does is said by usual.
func (o *wantOptions) declare(flags *pflag.FlagSet, want, unknown, usual string) {
	flags.StringVar(&o.want, "want", want, "what a cell must give: safe (what the strategy promises, and never unsafe), promised\n(just what it promises; and a broken strategy must be caught), or at least a grade,\nwhatever is promised: fenced, lease-bounded or exclusive"+usual)
	flags.DurationVar(&o.limits.MaxP99, "max-p99", 0, "threshold of a cell: 99 % of acquires take no longer, such as 50ms"+usual)
	flags.DurationVar(&o.limits.MaxGap, "max-gap", 0, "threshold of a cell: there is never a longer time without a grant, such as 3s"+usual)
	flags.IntVar(&o.limits.MinOps, "min-ops", 0, "threshold of a cell: there are at least so many acquires"+usual)
	flags.StringVar(&o.unknown, "unknown", unknown, "what is done about what is not known: fail (exit 3), or pass (exit 0, and it is said)"+usual)
}

// wantFlags are the flags that declare makes.
func wantFlags() []string { return []string{"want", "max-p99", "max-gap", "min-ops", "unknown"} }

// validate says what is wrong with what was given.
func (o wantOptions) validate() error {
	if _, err := checker.ParseWant(cmp.Or(o.want, defaultWant)); err != nil {
		return fmt.Errorf("--want is %q: %w", o.want, err)
	}
	if !slices.Contains([]string{"", failUnknown, results.LetPass}, o.unknown) {
		return fmt.Errorf("--unknown is %q: give %s or %s", o.unknown, failUnknown, results.LetPass)
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
		such  string
	}{{"max-p99", o.limits.MaxP99, "50ms"}, {"max-gap", o.limits.MaxGap, "3s"}} {
		if d.value < 0 || d.value > scenario.MaxTime {
			return fmt.Errorf("--%s is %v: give a duration such as %s, at most %v", d.flag, d.value, d.such, scenario.MaxTime)
		}
	}
	if o.limits.MinOps < 0 || o.limits.MinOps > scenario.MaxOps {
		return fmt.Errorf("--min-ops is %d: give a number of acquires such as 100, at most %d", o.limits.MinOps, scenario.MaxOps)
	}
	return nil
}

// over is what is asked of cells that so much is asked of already, by a scenario or by the run that they are of. What
// was given on the command line goes before that.
func (o wantOptions) over(asked results.Asked, given func(flag string) bool) results.Asked {
	if given("want") || asked.Want == "" {
		asked.Want = cmp.Or(o.want, defaultWant)
	}
	if given("max-p99") {
		asked.Limits.MaxP99 = o.limits.MaxP99
	}
	if given("max-gap") {
		asked.Limits.MaxGap = o.limits.MaxGap
	}
	if given("min-ops") {
		asked.Limits.MinOps = o.limits.MinOps
	}
	return asked
}

// stored is unknown as the folder of a run has it.
func (o wantOptions) stored() string {
	if o.unknown == results.LetPass {
		return results.LetPass
	}
	return ""
}

// askedOf is what a scenario asks of its cells.
func askedOf(w scenario.Want) results.Asked {
	return results.Asked{Want: w.Guarantee, Limits: results.Limits{MaxP99: w.MaxP99, MaxGap: w.MaxGap, MinOps: w.MinOps}}
}

// asked is what is asked of a cell; of one that no scenario says anything of, what is asked of the run.
func (s selection) askedOf(cell harness.Cell) results.Asked {
	if asked, ok := s.asked[cell.Fault]; ok {
		return asked
	}
	return results.Asked{Want: s.want.String()}
}

// wantOf reads what is asked of a cell. A folder that was tampered with is told of.
func wantOf(asked results.Asked) (checker.Want, error) {
	want, err := checker.ParseWant(cmp.Or(asked.Want, defaultWant))
	if err != nil {
		return want, fmt.Errorf("it was asked to be %q: %w", asked.Want, err)
	}
	return want, nil
}

// notMet are the thresholds that a reader of one line a cell must see.
func notMet(thresholds []results.Threshold) []results.Threshold {
	return slices.DeleteFunc(slices.Clone(thresholds), func(t results.Threshold) bool { return t.Validity == checker.Valid })
}
