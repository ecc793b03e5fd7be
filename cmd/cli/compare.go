package cli

import (
	"fmt"
	"io"
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
}

func (a app) compareCommand() *cobra.Command {
	var o compareOptions
	cmd := &cobra.Command{
		Use:   "compare BEFORE AFTER...",
		Short: "what has become better or worse from one run to others",
		Long: `compare holds stored runs against the first one: the guarantee of every strategy under every fault (better, worse,
same, unknown), and rate and latency with medians, 95 % intervals and p-values (Mann-Whitney, corrected by Holm). What
is compared are repeats, so give run --repeat 5 or more: "n too small" says that chance cannot be ruled out, "~" that
no difference was found.

It exits with 1 if a guarantee got worse, with 3 if one is unknown or the threshold cannot be judged, and with 4 if only
--max-regress was missed.`,
		Example: `  lockquake compare -1 latest
  lockquake compare old-run new-run --max-regress 10%
  lockquake compare main-run branch-run -o md >> "$GITHUB_STEP_SUMMARY"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage(fmt.Errorf("compare: give two runs or more: folders, latest, or -1 for the one before it"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.compare(args, o) },
	}
	cmd.Flags().StringVar(&o.maxRegress, "max-regress", "", "how much worse a median may get, such as 10%")
	cmd.Flags().StringVarP(&o.output, "output", "o", "text", "format of the output: text, md, json")
	return cmd
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
	var runs []*results.Run
	for _, name := range which {
		run, err := results.Open(name)
		if err != nil {
			return usage(err)
		}
		runs = append(runs, run)
	}
	var all []results.Difference
	code := exitHeld
	for _, run := range runs[1:] {
		d, err := results.Compare(runs[0], run)
		if err != nil {
			return harnessFailed(err)
		}
		all = append(all, d)
		code = worse(code, compared(d, limit))
	}
	if err := write(a.out, all, limit); err != nil {
		return harnessFailed(err)
	}
	if o.output == "text" {
		fmt.Fprintf(a.out, "RESULT: %s; exit %d\n", changes[code], code)
	}
	return ended(code)
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

type writeComparison func(w io.Writer, all []results.Difference, limit float64) error

func comparisonWriter(name string) (writeComparison, error) {
	switch name {
	case "text":
		return asText, nil
	case "md":
		return asMarkdown, nil
	case "json":
		return func(w io.Writer, all []results.Difference, _ float64) error {
			return writeJSON(w, all)
		}, nil
	}
	return nil, fmt.Errorf("-o is %q: give text, md or json", name)
}

func asText(w io.Writer, all []results.Difference, limit float64) error {
	for _, d := range all {
		fmt.Fprintf(w, "before: %s\nafter:  %s\n", d.Before, d.After)
		for _, note := range d.Notes {
			fmt.Fprintf(w, "not the same: %s\n", note)
		}
		fmt.Fprintln(w)
		for _, t := range []table{guarantees(d), numbers(d, limit)} {
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
	return nil
}

// mostMarkdown is what a pull request's comment has room for, in bytes; GitHub takes 65,536 characters.
const mostMarkdown = 60_000

func asMarkdown(w io.Writer, all []results.Difference, limit float64) error {
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, "### %s → %s\n\n", d.Before, d.After)
		for _, note := range d.Notes {
			fmt.Fprintf(&b, "- not the same: %s\n", note)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n", guarantees(d).markdown(), numbers(d, limit).markdown())
	}
	text := b.String()
	if len(text) > mostMarkdown {
		const rest = "\n\nThe rest is left out: lockquake compare prints all.\n"
		cut := strings.LastIndexByte(text[:mostMarkdown-len(rest)], '\n')
		text = text[:cut] + rest
	}
	_, err := io.WriteString(w, text)
	return err
}

func guarantees(d results.Difference) table {
	t := table{head: []string{"strategy", "fault", "before", "after", "guarantee"}}
	for _, c := range d.Cells {
		t.rows = append(t.rows, []string{c.Strategy, c.Fault, stands(c.Before), stands(c.After), c.Change.String()})
	}
	return t
}

func stands(s results.Standing) string {
	switch {
	case s.Repeats == 0:
		return "-"
	case s.Outcome == "held":
		return s.Grade.String()
	}
	return fmt.Sprintf("%s (%s)", s.Grade, s.Outcome)
}

func numbers(d results.Difference, limit float64) table {
	t := table{head: []string{"strategy", "fault", "metric", "before", "after", "change", "p"}}
	for _, c := range d.Cells {
		for _, m := range c.Metrics {
			t.rows = append(t.rows, []string{
				c.Strategy, c.Fault, m.Name + " (" + m.Unit + ")", spread(m.Before), spread(m.After),
				changed(m, limit), fmt.Sprintf("%.3f", m.P),
			})
		}
	}
	return t
}

func spread(s results.Summary) string {
	if s.N == 1 {
		return fmt.Sprintf("%.4g n=1", s.Median)
	}
	return fmt.Sprintf("%.4g [%.4g, %.4g] n=%d", s.Median, s.Low, s.High, s.N)
}

// changed is the change of a median, if there is any that is not chance.
func changed(m results.MetricDifference, limit float64) string {
	text := "~"
	switch {
	case m.TooSmall:
		text = "n too small"
	case m.Significant():
		text = fmt.Sprintf("%+.1f%%", 100*(m.Ratio-1))
	}
	if missed(m, limit) == results.Worse {
		text += " (too much)"
	}
	return text
}
