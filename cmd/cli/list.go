package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (a app) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list [strategies|faults|checkers]",
		Short: "list what can be named",
		Example: `  lockquake list
  lockquake list faults`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"strategies", "faults", "checkers"},
		RunE: func(_ *cobra.Command, args []string) error {
			for _, t := range a.catalogue.tables() {
				if len(args) == 0 || args[0] == t.name {
					t.text(a)
				}
			}
			return nil
		},
	}
}

// table is a part of the catalogue as people read it, on the terminal and in the README.
type table struct {
	name string
	head []string
	rows [][]string
}

func (c Catalogue) tables() []table {
	strategies := table{name: "strategies", head: []string{"strategy", "what it is", "promises in calm", "under faults"}}
	for _, s := range c.Strategies {
		p := s.Value.Promise
		under := "nothing"
		switch {
		case p.Broken:
			under = "must be caught"
		case p.Faults != 0:
			under = p.Faults.String()
		}
		if len(p.Known) > 0 {
			under += "; known bug: " + strings.Join(p.Known, ", ")
		}
		strategies.rows = append(strategies.rows, []string{s.Name, s.Doc, p.Calm.String(), under})
	}
	faults := table{name: "faults", head: []string{"fault", "what happens"}, rows: plainRows(c.Faults)}
	checkers := table{name: "checkers", head: []string{"checker", "what it asks"}, rows: plainRows(c.Checkers)}
	return []table{strategies, faults, checkers}
}

func plainRows[T any](entries []Entry[T]) [][]string {
	var rows [][]string
	for _, e := range entries {
		rows = append(rows, []string{e.Name, e.Doc})
	}
	return rows
}

func (t table) text(a app) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(t.head, "\t")))
	for _, row := range t.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	fmt.Fprintln(w)
	w.Flush()
}

// markdown is the table as the README has it.
func (t table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.head, " | "), strings.Repeat(" --- |", len(t.head)))
	for _, row := range t.rows {
		fmt.Fprintf(&b, "| `%s` | %s |\n", row[0], strings.Join(row[1:], " | "))
	}
	return b.String()
}
