package results

import (
	"runtime"
	"time"

	"lockquake/checker"
)

// Version is the newest version of run.json that this package reads, and the one that it writes.
//
// Version 2 came with thresholds, so that what is asked of a cell stands in its record, and with shards.
const Version = 2

// Manifest is run.json: what a run is made of, and what has become of it so far.
type Manifest struct {
	Version int      `json:"version"`
	Seed    uint64   `json:"seed"`
	Args    []string `json:"args"` // the command line that makes the same run again
	Want    string   `json:"want"` // what a cell had to give if nothing else was asked of it, as the command line has it
	// Unknown is LetPass if what is not known was to be let pass.
	Unknown     string      `json:"unknown,omitempty"`
	Start       time.Time   `json:"start"`
	End         time.Time   `json:"end,omitzero"` // zero: not finished, or killed
	Environment Environment `json:"environment"`
	Part        Part        `json:"part,omitzero"` // of a plan; zero: it has none that could be told from others
	// Merged are the runs that this one was joined from.
	Merged []Source `json:"merged,omitempty"`
	Cells  []Record `json:"cells"` // in the order in which they were planned
	// Untested is nil in what an older lockquake has written.
	Untested *Untested `json:"untested,omitempty"`
}

// Untested is what a run did not try, besides what its cells show. All of it is for people.
type Untested struct {
	LeftOut    []string `json:"left_out,omitempty"`   // sentences: what a group of names means and could not be had
	Strategies []string `json:"strategies,omitempty"` // names that were not asked for
	Faults     []string `json:"faults,omitempty"`     // names that were not asked for
	Cannot     []string `json:"cannot,omitempty"`     // sentences: what this kind of cluster shows nothing of
}

// LetPass is the value of Unknown by which what is not known does not fail a run.
const LetPass = "pass"

// modernize makes of what an older version wrote what this one would have written.
func (m *Manifest) modernize() {
	if m.Version < 2 {
		for i := range m.Cells {
			m.Cells[i].Want = m.Want
		}
	}
	m.Version = Version
}

// Environment is where a run was carried out.
type Environment struct {
	Go    string `json:"go"`
	Etcd  string `json:"etcd"`
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	Cores int    `json:"cores"` // that the run could use
}

func environment(etcd string) Environment {
	return Environment{runtime.Version(), etcd, runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0)}
}

// State is what has become of a cell. A planned one may have a history: its run was killed.
type State string

// States of a cell.
const (
	Planned State = "planned"
	Done    State = "done"   // judged
	Failed  State = "failed" // the harness could not carry it out; Why says what stopped it
)

// Record is a cell's entry in run.json.
type Record struct {
	CellName
	Asked
	Folder     string           `json:"folder"`         // below cells/
	Begun      time.Time        `json:"begun,omitzero"` // zero: it was not, or by an older version
	Cut        bool             `json:"cut,omitempty"`  // short, by a kill or an interruption
	State      State            `json:"state"`
	Grade      checker.Grade    `json:"grade"`
	Validity   checker.Validity `json:"validity"` // of the guarantee
	Why        string           `json:"why,omitempty"`
	Thresholds []Threshold      `json:"thresholds,omitempty"` // of those that are asked for
	Again      []string         `json:"again,omitempty"`      // the command line that makes this cell again; empty: only the whole run can be
}

// Outcome says whether the cell gave what was wanted, in one word: held, broken, unknown, failed, planned, or missed, a
// threshold and nothing else.
func (r Record) Outcome() string {
	what := r.guarantee()
	if what != "held" {
		return what
	}
	switch Met(r.Thresholds) {
	case checker.Unknown:
		return "unknown"
	case checker.Invalid:
		return "missed"
	}
	return what
}

// guarantee is Outcome without the thresholds.
func (r Record) guarantee() string {
	switch {
	case r.State != Done:
		return string(r.State)
	case r.Validity == checker.Invalid:
		return "broken"
	case r.Validity == checker.Unknown:
		return "unknown"
	}
	return "held"
}
