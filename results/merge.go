package results

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lockquake/checker"
)

// Source is a run that a merged one was joined from.
type Source struct {
	Shards      []int       `json:"shards"`
	Start       time.Time   `json:"start"`
	End         time.Time   `json:"end,omitzero"`
	Environment Environment `json:"environment"`
}

// Merge joins runs of one plan in a folder of their own, as Create has it. All cells of the plan are in it; one that no
// run has carried out stays planned.
//
// Of a cell that several runs have carried out, the worst verdict counts, and among equals the first attempt: a verdict
// is never made good by trying again. An attempt that came to no verdict, because the harness failed, or a kill or
// an interruption cut it short, counts only where no other came to one, unless what there is of its history is broken; unjudged says
// that of a cell that nobody has judged. So it does not matter in which order runs are joined, or whether some of them
// were joined before.
func Merge(dir string, runs []*Run, unjudged func(*Cell) checker.Validity) (*Run, error) {
	if err := alike(runs); err != nil {
		return nil, err
	}
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b *Run) int { return compareSources(a.sources()[0], b.sources()[0]) })
	merged, err := Create(dir, mergedInfo(runs))
	if err != nil {
		return nil, err
	}
	merged.inherit(runs)
	tried := attempts(runs)
	for i, cell := range merged.Cells() {
		planned := &merged.manifest.Cells[i]
		from := gravestOf(tried[planned.CellName], unjudged)
		if from == nil {
			continue
		}
		folder := planned.Folder
		*planned = from.Record
		planned.Folder = folder
		if err := from.copyTo(cell.Dir()); err != nil {
			return nil, fmt.Errorf("merge %s into %s: %w: %w", from.Dir(), merged.dir, ErrNotStored, err)
		}
	}
	if err := merged.save(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	return merged, nil
}

// copyTo copies the cell's folder, and nothing that links in it lead to elsewhere. One that failed early has none.
func (c *Cell) copyTo(dir string) (err error) {
	run, err := os.OpenRoot(c.run.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	folder, err := run.OpenRoot(filepath.Join("cells", c.Record().Folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	plain := fs.WalkDir(folder.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !d.Type().IsRegular() {
			err = fmt.Errorf("%s is no plain file, and what it leads to is not this run's", path)
		}
		return err
	})
	if plain != nil {
		return plain
	}
	return os.CopyFS(dir, folder.FS())
}

// ErrNotStored is wrapped by Merge's error if the runs could be joined, and their files not.
var ErrNotStored = errors.New("not stored")

// alike says in one line why runs cannot be joined.
func alike(runs []*Run) error {
	first := runs[0].Manifest()
	for _, r := range runs {
		m := r.Manifest()
		what := func(format string, args ...any) error {
			return fmt.Errorf("merge %s and %s: %s", runs[0].dir, r.dir, fmt.Sprintf(format, args...))
		}
		switch {
		case m.Part.Plan == "":
			return fmt.Errorf("merge %s: it does not say which plan it is of: give runs that this lockquake run has written", r.dir)
		case m.Seed != first.Seed:
			return what("their plans differ: seed %d and %d", first.Seed, m.Seed)
		case m.Part.Plan != first.Part.Plan:
			return what("their plans differ: %s", difference(first, m))
		case m.Part.Of != first.Part.Of:
			return what("one plan was split in two ways, into %d and into %d", first.Part.Of, m.Part.Of)
		case !slices.Equal(m.planned(), first.planned()), m.Unknown != first.Unknown:
			return what("different things are wanted of their cells: %s; lockquake check RUN --want ... makes them alike", difference(first, m))
		}
	}
	return nil
}

// difference is what the command lines of two runs say differently.
func difference(a, b Manifest) string {
	a.Args, b.Args = withoutShard(a.Args), withoutShard(b.Args)
	only, other := settings(a, b), settings(b, a)
	if only == other {
		return "their command lines do not tell, so they may be of two versions of lockquake"
	}
	return fmt.Sprintf("%s and %s", only, other)
}

// planned are the cells of the whole plan.
func (m Manifest) planned() []Share {
	if len(m.Part.Cells) > 0 {
		return m.Part.Cells
	}
	var all []Share
	for _, c := range m.Cells {
		all = append(all, Share{c.CellName, c.Asked, 1})
	}
	return all
}

func mergedInfo(runs []*Run) Info {
	m := runs[0].Manifest()
	info := Info{Seed: m.Seed, Args: withoutShard(m.Args), Want: m.Want, Unknown: m.Unknown, Part: m.Part, Untested: m.Untested}
	for _, share := range m.planned() {
		info.Cells = append(info.Cells, share.CellName)
		info.Asked = append(info.Asked, share.Asked)
	}
	for _, r := range runs[1:] {
		info.Part.Shards = slices.Concat(info.Part.Shards, r.Manifest().Part.Shards)
	}
	slices.Sort(info.Part.Shards)
	info.Part.Shards = slices.Compact(info.Part.Shards)
	return info
}

func withoutShard(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return strings.HasPrefix(arg, "--shard=") })
}

// inherit takes over when and where the runs were carried out.
func (r *Run) inherit(runs []*Run) {
	m := &r.manifest
	var all []Source
	for _, run := range runs {
		all = append(all, run.sources()...)
	}
	slices.SortStableFunc(all, compareSources)
	m.Merged = slices.CompactFunc(all, func(a, b Source) bool { return compareSources(a, b) == 0 })
	m.Start, m.End = m.Merged[0].Start, time.Time{}
	env := m.Merged[0].Environment
	for _, s := range m.Merged {
		if s.Start.Before(m.Start) {
			m.Start = s.Start
		}
		if s.End.After(m.End) {
			m.End = s.End
		}
		env = env.and(s.Environment)
	}
	if m.End.IsZero() { // all were killed
		m.End = m.Start
	}
	m.Environment = env
}

// sources are what a run was joined from, itself if it was not.
func (r *Run) sources() []Source {
	m := r.Manifest()
	if len(m.Merged) > 0 {
		return m.Merged
	}
	return []Source{{m.Part.Shards, m.Start, m.End, m.Environment}}
}

func compareSources(a, b Source) int {
	return cmp.Or(slices.Compare(a.Shards, b.Shards), a.Start.Compare(b.Start), a.End.Compare(b.End))
}

// and is where cells were carried out that are of two environments: both, and of the cores the fewer.
func (e Environment) and(other Environment) Environment {
	both := func(a, b string) string {
		if slices.Contains(strings.Split(a, ", "), b) {
			return a
		}
		return a + ", " + b
	}
	return Environment{both(e.Go, other.Go), both(e.Etcd, other.Etcd), both(e.OS, other.OS), both(e.Arch, other.Arch), min(e.Cores, other.Cores)}
}

// attempt is what a run has made of a cell.
type attempt struct {
	*Cell
	Record
}

// attempts are all that were begun.
func attempts(runs []*Run) map[CellName][]attempt {
	all := map[CellName][]attempt{}
	for _, r := range runs {
		for i, record := range r.Manifest().Cells {
			if c := (&Cell{run: r, index: i}); record.State != Planned || exists(c.Path(historyFile)) {
				all[record.CellName] = append(all[record.CellName], attempt{c, record})
			}
		}
	}
	return all
}

// gravestOf finds the attempt that counts; nil: there is none.
func gravestOf(all []attempt, unjudged func(*Cell) checker.Validity) *attempt {
	var gravest *attempt
	least := 0
	for i := range all {
		rank := all[i].rank(unjudged)
		if gravest == nil || cmp.Or(rank-least, all[i].Begun.Compare(gravest.Begun)) < 0 {
			gravest, least = &all[i], rank
		}
	}
	return gravest
}

// rank orders attempts: those with a verdict, the worst first, then those without.
func (a attempt) rank(unjudged func(*Cell) checker.Validity) int {
	what := outcome(contents{Record: a.Record})
	switch {
	case a.State == Planned && unjudged(a.Cell) == checker.Invalid:
		what = "broken"
	case a.State == Planned, a.Cut && what != "broken":
		what = "cut"
	}
	return slices.Index([]string{"broken", "unknown", "missed", "held", string(Failed), "cut"}, what)
}
