package cli

import (
	"strings"

	"lockquake/harness/repro"
	"lockquake/workloads/lock"
)

// inJSON are the parts of the catalogue by name, as programs read them.
func (c Catalogue) inJSON() map[string]any {
	return map[string]any{
		"strategies": c.strategiesInJSON(), "workloads": c.workloadsInJSON(), "faults": c.faultsInJSON(),
		scenarios: described(c.scenarioTable()), "clusters": described(clusterTable()), "checkers": described(c.checkerTable()),
		"suites": described(suiteTable()), "selftest": c.proofsInJSON(), "reproductions": reproductionsInJSON(),
	}
}

type listedName struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// described is a table of names and of what they stand for.
func described(t table) (all []listedName) {
	for _, row := range t.rows {
		all = append(all, listedName{row[0], row[1]})
	}
	return all
}

type listedStrategy struct {
	listedName
	Can    []string `json:"can"`
	Calm   string   `json:"promises_calm"`
	Faults string   `json:"promises_faults"`
	Known  []string `json:"known_bugs"`
	Fenced bool     `json:"fenced"`
	Broken bool     `json:"broken_on_purpose"`
}

func (c Catalogue) strategiesInJSON() (all []listedStrategy) {
	for _, s := range c.Strategies {
		l := listedStrategy{
			listedName: listedName{s.Name, s.Doc}, Can: split(s.Value.Can), Known: append([]string{}, s.Value.Promise.Known...),
			Calm: s.Value.Promise.Calm.String(), Faults: "nothing", Fenced: s.Value.Fenced, Broken: s.Value.Promise.Broken,
		}
		if s.Value.Promise.Faults != 0 {
			l.Faults = s.Value.Promise.Faults.String()
		}
		all = append(all, l)
	}
	return all
}

// split are abilities by their names, never null.
func split(a lock.Abilities) []string {
	return strings.FieldsFunc(a.String(), func(r rune) bool { return r == ',' || r == ' ' })
}

type listedWorkload struct {
	listedName
	Needs []string `json:"needs"`
}

func (c Catalogue) workloadsInJSON() (all []listedWorkload) {
	for _, w := range c.Workloads {
		all = append(all, listedWorkload{listedName{w.Name, w.Doc}, split(w.Value.Needs)})
	}
	return all
}

type listedFault struct {
	listedName
	Clusters []string `json:"clusters"`    // kinds that it can be had on
	Members  int      `json:"min_members"` // of them
}

func (c Catalogue) faultsInJSON() (all []listedFault) {
	for _, f := range c.Faults {
		needs := f.Value.Requires()
		l := listedFault{listedName{f.Name, f.Doc}, []string{}, max(1, needs.Members)}
		for _, name := range clusterNames() {
			if needs.Unmet(abilities()[name], needs.Members) == "" {
				l.Clusters = append(l.Clusters, name)
			}
		}
		all = append(all, l)
	}
	return all
}

type listedProof struct {
	Strategy string `json:"strategy"`
	Slip     string `json:"slip"`
	Fault    string `json:"fault"`
	Settings string `json:"settings"`
	Checker  string `json:"caught_by"`
}

func (c Catalogue) proofsInJSON() (all []listedProof) {
	for _, row := range c.selftestTable().rows {
		all = append(all, listedProof{row[0], row[1], row[2], row[3], row[4]})
	}
	return all
}

type listedReproduction struct {
	ID       string `json:"id"`
	Shows    string `json:"shows"`
	Upstream string `json:"upstream"`
	Expected string `json:"expected"`
}

func reproductionsInJSON() (all []listedReproduction) {
	for _, r := range repro.All() {
		all = append(all, listedReproduction{r.ID, r.Shows, r.Upstream, expectedOf(r.Flawed)})
	}
	return all
}
