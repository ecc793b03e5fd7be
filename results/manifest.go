package results

import (
	"runtime"
	"time"

	"lockquake/checker"
)

// Version is the newest version of run.json that this package reads, and the one that it writes.
const Version = 1

// Manifest is run.json: what a run is made of, and what has become of it so far.
type Manifest struct {
	Version     int         `json:"version"`
	Seed        uint64      `json:"seed"`
	Args        []string    `json:"args"` // the command line that makes the same run again
	Want        string      `json:"want"` // what a cell had to give, as the command line has it
	Start       time.Time   `json:"start"`
	End         time.Time   `json:"end,omitzero"` // zero: not finished, or killed
	Environment Environment `json:"environment"`
	Cells       []Record    `json:"cells"` // in the order in which they were planned
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
	Folder   string           `json:"folder"` // below cells/
	State    State            `json:"state"`
	Grade    checker.Grade    `json:"grade"`
	Validity checker.Validity `json:"validity"`
	Why      string           `json:"why,omitempty"`
}
