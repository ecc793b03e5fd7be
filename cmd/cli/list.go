package cli

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

func (a app) listCommand() *cobra.Command {
	var parts []string
	for _, t := range a.catalogue.tables() {
		parts = append(parts, t.name)
	}
	return &cobra.Command{
		Use:   "list [" + strings.Join(parts, "|") + "] [SCENARIO]",
		Short: "list what can be named, or show a scenario",
		Long: `list shows what can be named on the command line. With the name of a scenario it prints the file, to be
read, or to be changed into one of your own.`,
		Example: `  lockquake list
  lockquake list faults
  lockquake list scenarios holder > my-scenario.yaml`,
		Args:      cobra.MaximumNArgs(2),
		ValidArgs: parts,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 2 {
				return a.showScenario(args[0], args[1])
			}
			if len(args) == 1 && !slices.Contains(parts, args[0]) {
				return usage(fmt.Errorf("there is no list of %q: give one of %s", args[0], strings.Join(parts, ", ")))
			}
			for _, t := range a.catalogue.tables() {
				if len(args) == 0 || args[0] == t.name {
					t.text(a)
				}
			}
			return nil
		},
	}
}

func (a app) showScenario(list, name string) error {
	if list != scenarios {
		return usage(fmt.Errorf("list %s takes no more arguments: only scenarios can be shown", list))
	}
	for _, file := range scenario.Named() {
		if file.Name == name {
			_, err := a.out.Write(file.Text)
			return err
		}
	}
	return usage(unknownName("SCENARIO", name, scenarioNames()))
}

const scenarios = "scenarios"

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
	checkers := table{name: "checkers", head: []string{"checker", "what it asks"}, rows: plainRows(c.Checkers)}
	return []table{strategies, c.faultTable(), c.scenarioTable(), clusterTable(), checkers}
}

// faultTable says of each fault on which kinds of clusters it can be had.
func (c Catalogue) faultTable() table {
	t := table{name: "faults", head: append([]string{"fault", "what happens"}, clusterNames()...)}
	for _, f := range c.Faults {
		row := []string{f.Name, f.Doc}
		for _, name := range clusterNames() {
			row = append(row, canBeHad(f.Value.Requires(), abilities()[name]))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func canBeHad(r nemesis.Requirements, have nemesis.Ability) string {
	switch {
	case r.Unmet(have, r.Members) != "":
		return "-"
	case r.Members > 3:
		return fmt.Sprintf("from %d members", r.Members)
	}
	return "yes"
}

func (c Catalogue) scenarioTable() table {
	t := table{name: scenarios, head: []string{"scenario", "what happens"}}
	for _, file := range scenario.Named() {
		s, err := file.Parse(c.names())
		if err != nil {
			panic(err) // a test reads them all
		}
		t.rows = append(t.rows, []string{s.Name, s.Doc})
	}
	return t
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
