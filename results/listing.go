package results

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Listed is a stored run as lists of runs show it.
type Listed struct {
	Name string // of its folder
	Dir  string
	Manifest
	Outcomes []Count // of its cells, the worst first
	Damage   string  // why run.json cannot be read; the rest but Name, Dir and Start is empty then
}

// Count is how many cells came out in one way.
type Count struct {
	Outcome string `json:"outcome"` // broken, failed, unknown, planned, missed or held
	Cells   int    `json:"cells"`
}

// List are the runs in a folder, the newest first. What is no run is left out; a run whose run.json is damaged is not,
// and stands where its folder's last change puts it. A link, such as latest, is no run of its own.
func List(folder string) []Listed {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var all []Listed
	for _, e := range entries {
		dir := filepath.Join(folder, e.Name())
		if !e.IsDir() || !IsRun(dir) {
			continue
		}
		l := Listed{Name: e.Name(), Dir: dir}
		if run, err := OpenIn(folder, e.Name()); err != nil {
			l.Damage = err.Error()
			l.Start = changed(dir)
		} else {
			l.Manifest = run.Manifest()
			l.Outcomes = count(l.Cells)
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Listed) int { return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(b.Name, a.Name)) })
	return all
}

// IsRun tells whether a folder is that of a run, maybe of a damaged one.
func IsRun(dir string) bool { return exists(filepath.Join(dir, manifestFile)) }

// changed is when a file was; zero: nobody knows.
func changed(path string) time.Time {
	stat, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return stat.ModTime()
}

func count(cells []Record) (all []Count) {
	for _, o := range outcomes {
		n := 0
		for _, c := range cells {
			if c.Outcome() == o {
				n++
			}
		}
		if n > 0 {
			all = append(all, Count{o, n})
		}
	}
	return all
}

// Took is how long the run took; 0: it has not ended, or was killed.
func (m Manifest) Took() time.Duration {
	if m.End.IsZero() {
		return 0
	}
	return m.End.Sub(m.Start)
}

// Command is the command line that makes the run again, as a shell takes it.
func (m Manifest) Command() string {
	if len(m.Args) == 1 {
		return m.Args[0] // a command line already, such as locktest's
	}
	return commandLine(m.Args)
}

// String is how the cells came out, "12 cells: 2 broken, 10 held", or why nobody knows.
func (l Listed) String() string {
	if l.Damage != "" {
		return "damaged: " + l.Damage
	}
	var parts []string
	for _, c := range l.Outcomes {
		parts = append(parts, fmt.Sprintf("%d %s", c.Cells, c.Outcome))
	}
	return plural(len(l.Cells), "cell") + ": " + strings.Join(parts, ", ")
}
