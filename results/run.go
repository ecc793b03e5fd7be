// Package results keeps runs: it writes the folder of a run while the run goes on, and works out of
// a stored one all that a person reads: statistics, pictures, report.html and summary.md.
//
// It starts no cluster and judges nothing: histories and plans reach it as files, judgements from
// package checker. All that it shows is worked out of the run's folder, so a stored run can be
// judged and drawn again. Read run.go for the folder, stats.go for what is measured, timeline.go
// for the picture that tells most.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"
)

// Run is the folder of a run. Its methods are safe for concurrent use; those of one Cell are not.
type Run struct {
	dir string
	top string // what is read does not lie outside of it, wherever links lead to

	mu       sync.Mutex
	manifest Manifest
}

// Info is what must be known of a run before it begins.
type Info struct {
	Seed  uint64
	Args  []string // the command line, seed and all, that makes the same run again
	Want  string   // what a cell must give, as the command line has it
	Etcd  string   // the version of etcd
	Cells []CellName
	Asked []Asked // of the cells, in their order; none: Want
	// Unknown is LetPass if what is not known is let pass.
	Unknown string
	Part    Part // of a plan
	// Again gives the command line that makes one cell again; nil: there is only Args.
	Again    func(CellName) []string
	Untested *Untested // nil: not known
}

// record is that of a cell which is planned.
func (i Info) record(place int, folder string) Record {
	r := Record{CellName: i.Cells[place], Asked: Asked{Want: i.Want}, Folder: folder, State: Planned}
	if i.Asked != nil {
		r.Asked = i.Asked[place]
	}
	if i.Again != nil {
		r.Again = i.Again(r.CellName)
	}
	return r
}

// Create makes the folder of a new run: dir, or, if dir is empty, one in Runs, at which "latest"
// points from then on. Errors say in one line what to do.
func Create(dir string, info Info) (*Run, error) {
	names, err := folders(info.Cells)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	made, err := newFolder(dir, start, info.Seed)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: made, top: made, manifest: Manifest{
		Version: Version, Seed: info.Seed, Args: info.Args, Want: info.Want, Unknown: info.Unknown, Part: info.Part, Start: start.Round(0), Environment: environment(info.Etcd),
		Untested: info.Untested,
	}}
	for i, name := range names {
		r.manifest.Cells = append(r.manifest.Cells, info.record(i, name))
	}
	if err := r.save(); err != nil {
		return nil, err
	}
	if dir == "" {
		return r, pointLatest(made)
	}
	return r, nil
}

// Open opens a stored run: "latest", "-1" for the one before it, or a path. Errors say in one line
// what to do.
func Open(which string) (*Run, error) {
	dir, err := Locate(which)
	if err != nil {
		return nil, err
	}
	return open(&Run{dir: dir, top: dir})
}

// OpenIn opens the run of that name in a folder of runs. Nothing outside of the folder is read, wherever links in
// it lead to.
func OpenIn(folder, name string) (*Run, error) {
	if !filepath.IsLocal(name) || filepath.Base(name) != name {
		return nil, fmt.Errorf("open run %q: that is no name of a folder: give one that is in %s", name, folder)
	}
	return open(&Run{dir: filepath.Join(folder, name), top: folder})
}

func open(r *Run) (*Run, error) {
	data, err := r.read(manifestFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(r.dir):
		return nil, fmt.Errorf("open run %s: no such folder: give the folder of a run, or latest", r.dir)
	case err != nil:
		return nil, fmt.Errorf("open run %s: not the folder of a run (%s: %w): give one that lockquake run has written, or latest",
			r.dir, manifestFile, reason(err))
	}
	if err := r.parse(data); err != nil {
		return nil, fmt.Errorf("open run %s: %w", r.dir, err)
	}
	return r, nil
}

// parse looks at the version first: a newer run.json may differ in everything else.
func (r *Run) parse(data []byte) error {
	var head struct{ Version int }
	if err := json.Unmarshal(data, &head); err != nil || head.Version < 1 {
		return fmt.Errorf("%s is garbled or has no version: take the run again, or restore the file", manifestFile)
	}
	if head.Version > Version {
		return fmt.Errorf("%s has version %d, this lockquake reads up to %d: use a newer lockquake", manifestFile, head.Version, Version)
	}
	if err := json.Unmarshal(data, &r.manifest); err != nil {
		return fmt.Errorf("%s is garbled (%w): take the run again, or restore the file", manifestFile, err)
	}
	r.manifest.modernize()
	for _, c := range r.manifest.Cells {
		if c.Folder == "" || !filepath.IsLocal(c.Folder) || filepath.Base(c.Folder) != c.Folder {
			return fmt.Errorf("%s names the cell folder %q, which is not inside the run: restore the file", manifestFile, c.Folder)
		}
	}
	return nil
}

// Ask changes what a run that is to be judged again has to give, and each of its cells.
func (r *Run) Ask(want, unknown string, change func(Asked) Asked) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := &r.manifest
	m.Want, m.Unknown = want, unknown
	for i := range m.Cells {
		m.Cells[i].Asked = change(m.Cells[i].Asked)
	}
	for i := range m.Part.Cells {
		m.Part.Cells[i].Asked = change(m.Part.Cells[i].Asked)
	}
	return r.save()
}

// Dir is the run's folder.
func (r *Run) Dir() string { return r.dir }

// Path is the path of a file in the run's folder.
func (r *Run) Path(name string) string { return filepath.Join(r.dir, name) }

// Manifest is what run.json says now.
func (r *Run) Manifest() Manifest {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.manifest
	m.Cells = append([]Record(nil), m.Cells...)
	return m
}

// Cells are the run's cells in the order in which they were planned.
func (r *Run) Cells() []*Cell {
	var cells []*Cell
	for i := range r.Manifest().Cells {
		cells = append(cells, &Cell{run: r, index: i})
	}
	return cells
}

// Cell gives a planned cell, and makes its folder.
func (r *Run) Cell(name CellName) (*Cell, error) {
	for _, c := range r.Cells() {
		if c.Record().CellName == name {
			return c, c.makeFolder()
		}
	}
	return nil, fmt.Errorf("cell %q is not planned in run %s", name, r.dir)
}

// update changes the record of a cell and writes run.json.
func (r *Run) update(index int, change func(*Record)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.manifest.Cells[index])
	return r.save()
}

func (r *Run) save() error { return writeJSON(r.Path(manifestFile), r.manifest) }

// Finish draws the pictures that compare the strategies and writes the run in all formats. One that is
// finished again keeps its first end.
func (r *Run) Finish() error {
	r.mu.Lock()
	if r.manifest.End.IsZero() {
		r.manifest.End = time.Now().Round(0)
	}
	err := r.save()
	r.mu.Unlock()
	if err != nil {
		return err
	}
	contents, err := r.load()
	if err != nil {
		return err
	}
	if err := r.draw(contents); err != nil {
		return err
	}
	bench := newBench(r.Manifest(), contents)
	if err := bench.save(r); err != nil {
		return err
	}
	return r.report(contents)
}

// draw makes the run's own pictures, if any cell was measured.
func (r *Run) draw(cells []contents) error {
	var all []measured
	for _, c := range cells {
		if c.measured {
			all = append(all, measured{c.CellName, c.Stats})
		}
	}
	if len(all) == 0 {
		return nil
	}
	t := newTable(all)
	for name, f := range map[string]figure{
		"latency": compareLatency(t), "contention": compareContention(t), "grants": compareGrants(t),
	} {
		if err := f.save(r.Path(name)); err != nil {
			return err
		}
	}
	return nil
}
