package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockquake/results"
)

// compareOptions are what compare is given.
type compareOptions struct {
	maxRegress string
	output     string
	asJSON     bool
}

func (a app) compareCommand() *cobra.Command {
	var o compareOptions
	cmd := &cobra.Command{
		Use:   "compare BEFORE AFTER...",
		Short: "what has become better or worse from one run to others",
		Long: `compare holds stored runs against the first one: the guarantee of every strategy under every fault (better, worse,
same, unknown), and rate and latency with medians, 95 % intervals and p-values (Mann-Whitney, corrected by Holm for all
that is compared). What is compared are repeats of cells, never single acquires, which depend on each other: "~" says
that no difference was found, "n too small" that with so few repeats none could be; how many it takes is said, five of
one cell or eight of many (lockquake run --repeat 8).

It exits with 1 if a guarantee got worse, with 3 if one is unknown or the threshold cannot be judged, and with 4 if only
--max-regress was missed.`,
		Example: `  lockquake compare -1 latest
  lockquake compare old-run new-run --max-regress 10%
  lockquake compare main-run branch-run another-run --json
  lockquake compare main-run branch-run -o md >> "$GITHUB_STEP_SUMMARY"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage(fmt.Errorf("compare: give two runs or more: folders, latest, or -1 for the one before it"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.asJSON && cmd.Flags().Changed("output") {
				return usage(errors.New("--json is short for -o json: give one of them"))
			}
			if o.asJSON {
				o.output = "json"
			}
			return a.compare(args, o)
		},
	}
	cmd.Flags().StringVar(&o.maxRegress, "max-regress", "", "how much worse a median may get, such as 10%")
	cmd.Flags().StringVarP(&o.output, "output", "o", "text", "format of the output: text, md (at most 60 kB, for a pull request), json (schema 1)")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "short for -o json")
	return cmd
}

// openRuns opens those that a command line names.
func openRuns(which []string) (runs []*results.Run, err error) {
	for _, name := range which {
		run, err := results.Open(name)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func (a app) compare(which []string, o compareOptions) error {
	limit, err := parseShare(o.maxRegress)
	if err != nil {
		return usage(err)
	}
	write, err := comparisonWriter(o.output)
	if err != nil {
		return usage(err)
	}
	runs, err := openRuns(which)
	if err != nil {
		return usage(err)
	}
	all, err := results.CompareAll(runs[0], runs[1:]...)
	switch {
	case errors.Is(err, results.ErrNothingShared):
		return usage(err)
	case err != nil:
		return harnessFailed(err)
	}
	c := comparison{Comparison: all, limit: limit}
	for _, d := range all.Differences {
		c.Exit = worse(c.Exit, compared(d, limit))
	}
	c.Result = changes[c.Exit]
	if limit != noLimit {
		c.MaxRegress = &limit
	}
	if err := write(a.out, c); err != nil {
		return harnessFailed(err)
	}
	return ended(c.Exit)
}

// comparison is what compare has to say; as JSON, all of it.
type comparison struct {
	results.Comparison
	MaxRegress *float64 `json:"max_regress"` // the share; nil: none was given
	Result     string   `json:"result"`      // in words
	Exit       int      `json:"exit"`
	limit      float64
}

// changes is what an exit code says of a comparison.
var changes = map[int]string{
	exitHeld:      "nothing got worse than it may",
	exitBroken:    "a guarantee got worse",
	exitUnknown:   "a guarantee, or whether the threshold was met, is unknown",
	exitThreshold: "only --max-regress was missed",
}

// noLimit is where none is given.
const noLimit = -1.0

// parseShare reads 10 % as 0.1.
func parseShare(text string) (float64, error) {
	if text == "" {
		return noLimit, nil
	}
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !percent || !(n >= 0 && n <= 1000) {
		return 0, fmt.Errorf("--max-regress is %q: give a percentage, such as 10%%", text)
	}
	return n / 100, nil
}

// compared is the exit code of a difference.
func compared(d results.Difference, limit float64) int {
	code := exitHeld
	for _, c := range d.Cells {
		switch c.Change {
		case results.Worse:
			code = worse(code, exitBroken)
		case results.UnknownChange:
			code = worse(code, exitUnknown)
		}
		for _, m := range c.Metrics {
			switch missed(m, limit) {
			case results.Worse:
				code = worse(code, exitThreshold)
			case results.UnknownChange:
				code = worse(code, exitUnknown)
			}
		}
	}
	return code
}

// missed tells whether a metric got worse than allowed. Where the median did and nothing can be told from so few
// repeats, that is unknown.
func missed(m results.MetricDifference, limit float64) results.Change {
	switch {
	case limit == noLimit || m.Ratio > 0 && m.Loss() <= limit:
		return results.Same
	case m.TooSmall || m.Ratio == 0:
		return results.UnknownChange
	case m.Significant():
		return results.Worse
	}
	return results.Same
}

type writeComparison func(w io.Writer, c comparison) error

func comparisonWriter(name string) (writeComparison, error) {
	switch name {
	case "text":
		return asText, nil
	case "md":
		return asMarkdown, nil
	case "json":
		return func(w io.Writer, c comparison) error { return writeJSON(w, c) }, nil
	}
	return nil, fmt.Errorf("-o is %q: give text, md or json", name)
}

func asText(w io.Writer, c comparison) error {
	for _, d := range c.Differences {
		fmt.Fprintf(w, "before: %s\nafter:  %s\n", d.Before, d.After)
		for _, note := range d.Notes {
			fmt.Fprintf(w, "not the same: %s\n", note)
		}
		fmt.Fprintln(w)
		for _, t := range []table{guarantees(d), numbers(d, c.limit)} {
			out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			fmt.Fprintln(out, strings.ToUpper(strings.Join(t.head, "\t")))
			for _, row := range t.rows {
				fmt.Fprintln(out, strings.Join(row, "\t"))
			}
			fmt.Fprintln(out)
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	if few := c.TooFew(); few != "" {
		fmt.Fprintln(w, few)
	}
	_, err := fmt.Fprintf(w, "RESULT: %s; exit %d\n", c.Result, c.Exit)
	return err
}

// asMarkdown has what got worse first: it may be cut.
func asMarkdown(w io.Writer, c comparison) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**lockquake compare: %s** (exit %d)\n\n", c.Result, c.Exit)
	if few := c.TooFew(); few != "" {
		fmt.Fprintf(&b, "%s\n\n", few)
	}
	for _, d := range c.Differences {
		fmt.Fprintf(&b, "### %s → %s\n\n", d.Before, d.After)
		for _, note := range d.Notes {
			fmt.Fprintf(&b, "- not the same: %s\n", note)
		}
		slices.SortStableFunc(d.Cells, func(a, b results.CellDifference) int {
			urgent := []results.Change{results.Worse, results.UnknownChange, results.Better, results.Same}
			return slices.Index(urgent, a.Change) - slices.Index(urgent, b.Change)
		})
		fmt.Fprintf(&b, "\n%s\n%s\n", guarantees(d).markdown(), numbers(d, c.limit).markdown())
	}
	_, err := io.WriteString(w, results.Fitted(b.String(), "The rest is left out: lockquake compare prints all."))
	return err
}

func guarantees(d results.Difference) table {
	t := table{head: []string{"strategy", "fault", "before", "after", "guarantee"}}
	for _, c := range d.Cells {
		t.rows = append(t.rows, []string{c.Strategy, c.Fault, c.Before.String(), c.After.String(), c.Change.String()})
	}
	return t
}

func numbers(d results.Difference, limit float64) table {
	t := table{head: []string{"strategy", "fault", "metric", "before", "after", "change", "p"}}
	for _, c := range d.Cells {
		for _, m := range c.Metrics {
			t.rows = append(t.rows, []string{
				c.Strategy, c.Fault, m.Name + " (" + m.Unit + ")", m.Before.String(), m.After.String(),
				changed(m, limit), fmt.Sprintf("%.3f", m.P),
			})
		}
	}
	return t
}

// changed is the change of a median, if there is any that is not chance.
func changed(m results.MetricDifference, limit float64) string {
	if missed(m, limit) == results.Worse {
		return m.Told() + " (too much)"
	}
	return m.Told()
}
