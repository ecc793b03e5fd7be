package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockquake/checker"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/results"
)

func (a app) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [" + strings.Join(a.lists(), "|") + "] [SCENARIO|FOLDER]",
		Short: "list what can be named, or the stored runs, or show a scenario",
		Long: `list shows what can be named on the command line, and the stored runs, the newest first: those in ` + results.Runs + `, or
in a FOLDER. With the name of a scenario it prints the file, to be read, or to be changed into one of your own.

With --json a list is an array, and all that can be named is an object of arrays.`,
		Example: `  lockquake list
  lockquake list faults
  lockquake list runs
  lockquake list runs results/published --json
  lockquake list scenarios holder > my-scenario.yaml`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return a.list(args, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// lists are the names of all lists.
func (a app) lists() []string {
	var all []string
	for _, p := range a.catalogue.parts() {
		all = append(all, p.name)
	}
	return append(all, runs)
}

func (a app) list(args []string, asJSON bool) error {
	switch {
	case len(args) == 0 && asJSON:
		return writeJSON(a.out, a.catalogue.inJSON())
	case len(args) == 0:
		for _, p := range a.catalogue.parts() {
			p.make().text(a)
		}
		return nil
	case !slices.Contains(a.lists(), args[0]):
		return usage(fmt.Errorf("there is no list of %q: give one of %s", args[0], strings.Join(a.lists(), ", ")))
	case args[0] == runs:
		return a.listRunsOf(args[1:], asJSON)
	case len(args) == 2:
		return a.showScenario(args[0], args[1], asJSON)
	case asJSON:
		return writeJSON(a.out, a.catalogue.inJSON()[args[0]])
	}
	i := slices.IndexFunc(a.catalogue.parts(), func(p part) bool { return p.name == args[0] })
	a.catalogue.parts()[i].make().text(a)
	return nil
}

func (a app) showScenario(list, name string, asJSON bool) error {
	switch {
	case list != scenarios:
		return usage(fmt.Errorf("list %s takes no more arguments: only scenarios can be shown", list))
	case asJSON:
		return usage(errors.New("--json goes with a list: a scenario is shown as the YAML that it is"))
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
	head []string
	rows [][]string
}

// part is a table that is made when it is asked for: every command's help names the parts.
type part struct {
	name string
	make func() table
}

func (c Catalogue) parts() []part {
	return []part{
		{"strategies", c.strategyTable}, {"workloads", c.workloadTable}, {"faults", c.faultTable}, {scenarios, c.scenarioTable},
		{"clusters", clusterTable}, {"checkers", c.checkerTable}, {"suites", suiteTable}, {"selftest", c.selftestTable}, {"reproductions", reproTable},
	}
}

func (c Catalogue) checkerTable() table {
	return table{head: []string{"checker", "what it asks"}, rows: plainRows(c.Checkers)}
}

func (c Catalogue) workloadTable() table {
	t := table{head: []string{"workload", "what clients do", "what a lock must be able to do"}}
	for _, w := range c.Workloads {
		t.rows = append(t.rows, []string{w.Name, w.Doc, cmp.Or(w.Value.Needs.String(), "-")})
	}
	return t
}

// strategyTable has a row for a strategy and its twin with a fence.
func (c Catalogue) strategyTable() table {
	t := table{head: []string{"strategy", "what it is", "can besides", "promises in calm", "under faults", "with " + fence}}
	fenced := map[string]string{}
	for _, s := range c.Strategies {
		if base, isTwin := strings.CutSuffix(s.Name, fence); isTwin {
			fenced[base] = promised(s.Value.Promise)
		}
	}
	for _, s := range c.Strategies {
		base, isTwin := strings.CutSuffix(s.Name, fence)
		if isTwin && slices.Contains(names(c.Strategies), base) {
			continue
		}
		p := s.Value.Promise
		t.rows = append(t.rows, []string{
			s.Name, s.Doc, cmp.Or(s.Value.Can.String(), "-"), p.Calm.String(), promised(p), cmp.Or(fenced[s.Name], "-"),
		})
	}
	return t
}

// promised is what a strategy promises under faults.
func promised(p checker.Promise) string {
	under := "nothing"
	switch {
	case p.Broken:
		return "must be caught"
	case p.Faults != 0:
		under = p.Faults.String()
	}
	if len(p.Known) > 0 {
		under += "; known bug: " + strings.Join(p.Known, ", ")
	}
	return under
}

// faultTable says of each fault on which kinds of clusters it can be had.
func (c Catalogue) faultTable() table {
	t := table{head: append([]string{"fault", "what happens"}, clusterNames()...)}
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
	t := table{head: []string{"scenario", "what happens"}}
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
