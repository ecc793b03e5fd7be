package results

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lockquake/checker"
)

// tried is what a run has made of a cell. The zero one was never begun.
type tried struct {
	state    State
	validity checker.Validity
	missed   bool // a threshold
	cut      bool // short by a kill; if it is planned, what there is of it has this validity
}

func (a tried) String() string {
	return fmt.Sprintf("%s %v missed=%t cut=%t", a.state, a.validity, a.missed, a.cut)
}

// store makes of a planned cell what was tried.
func (a tried) store(t testing.TB, r *Run, i, number int) {
	c := r.Cells()[i]
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if a.state == "" {
		return
	}
	must(c.makeFolder())
	must(os.WriteFile(c.Path(historyFile), []byte(fmt.Sprintf("%d %v", number, a.validity)), 0o600))
	must(r.update(i, func(rec *Record) {
		rec.State, rec.Validity, rec.Cut, rec.Why = a.state, a.validity, a.cut && a.state == Done, fmt.Sprint("attempt ", number)
		rec.Begun = time.Unix(int64(1000+number), 0).UTC()
		rec.Thresholds = nil
		if a.missed {
			rec.Thresholds = []Threshold{{Name: "max-p99", Validity: checker.Invalid}}
		}
	}))
}

// unjudged reads what store wrote instead of a history.
func unjudged(c *Cell) checker.Validity {
	text, err := os.ReadFile(c.Path(historyFile))
	if err != nil || !strings.HasSuffix(string(text), " invalid") {
		return checker.Unknown
	}
	return checker.Invalid
}

// shards are runs of one plan whose cells were tried like this, each in its folder.
func shards(t testing.TB, dir string, cells int, runs ...map[int]tried) (all []*Run) {
	for n, tries := range runs {
		part := Part{Plan: "f00d", Of: 1, Shards: []int{1}}
		info := Info{Seed: 7, Args: []string{"lockquake", "run", "--seed", "7", "--shard=1/1"}, Want: "safe", Part: part, Etcd: "3.7.3"}
		for i := range cells {
			info.Cells = append(info.Cells, CellName{"mutex", fmt.Sprint("fault", i), 1})
		}
		r, err := Create(filepath.Join(dir, fmt.Sprint("run", n)), info)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range tries {
			a.store(t, r, i, n)
		}
		all = append(all, r)
	}
	return all
}

// Of several attempts that one counts which has the worst verdict; those without one count if there is no other.
func TestWorstVerdictWins(t *testing.T) {
	broken, unknown := tried{state: Done, validity: checker.Invalid}, tried{state: Done}
	held, missed := tried{state: Done, validity: checker.Valid}, tried{state: Done, validity: checker.Valid, missed: true}
	failed, cut := tried{state: Failed}, tried{state: Done, cut: true}
	killed, killedBroken := tried{state: Planned}, tried{state: Planned, validity: checker.Invalid}
	for _, c := range []struct {
		claim string
		tries []tried
		want  int // the number of the attempt that counts; -1: none
	}{
		{"a broken one cannot be made good", []tried{held, broken, held}, 1},
		{"nor an unknown one", []tried{held, unknown, missed}, 1},
		{"nor a missed threshold", []tried{held, missed, held}, 1},
		{"among equals the first counts", []tried{held, held}, 0},
		{"among the broken, too", []tried{unknown, broken, broken}, 1},
		{"what failed can be tried again", []tried{failed, held, failed}, 1},
		{"what was killed, too", []tried{killed, held}, 1},
		{"also if it was judged", []tried{cut, held}, 1},
		{"unless it is broken", []tried{killedBroken, held}, 0},
		{"also if that was judged", []tried{held, {state: Done, validity: checker.Invalid, cut: true}}, 1},
		{"a failure says more than what was killed", []tried{killed, failed}, 1},
		{"what was never begun says nothing", []tried{{}, killed, {}}, 1},
		{"nothing is nothing", []tried{{}, {}}, -1},
	} {
		t.Run(c.claim, func(t *testing.T) {
			var runs []map[int]tried
			for _, a := range c.tries {
				runs = append(runs, map[int]tried{0: a})
			}
			dir := t.TempDir()
			m := must(Merge(filepath.Join(dir, "merged"), shards(t, dir, 1, runs...), unjudged))(t)
			record, want := m.Cells()[0].Record(), fmt.Sprint("attempt ", c.want)
			if c.want < 0 {
				want = ""
			}
			if record.Why != want || (record.State == Planned) != (c.want < 0 || c.tries[c.want].state == Planned) {
				t.Errorf("%+v counts, want %s", record, want)
			}
		})
	}
}

// However runs are joined, in whatever order and some of them several times, the same comes of it, to the byte.
func TestOrderOfMergingDoesNotMatter(t *testing.T) {
	all := []tried{
		{}, {state: Done, validity: checker.Valid}, {state: Done}, {state: Done, validity: checker.Invalid}, {state: Failed}, {state: Planned},
		{state: Planned, validity: checker.Invalid}, {state: Done, cut: true}, {state: Done, validity: checker.Valid, missed: true},
	}
	for seed := range uint64(25) {
		rng := rand.New(rand.NewPCG(seed, 0))
		dir := t.TempDir()
		const cells = 3
		var tries []map[int]tried
		for range 1 + rng.IntN(3) {
			tries = append(tries, map[int]tried{})
			for i := range cells {
				tries[len(tries)-1][i] = all[rng.IntN(len(all))]
			}
		}
		pool := shards(t, dir, cells, tries...)
		want := must(Merge(filepath.Join(dir, "at once"), pool, unjudged))(t)
		for n := range rng.IntN(3) {
			some := []*Run{pool[rng.IntN(len(pool))], pool[rng.IntN(len(pool))]}
			pool = append(pool, must(Merge(filepath.Join(dir, fmt.Sprint("earlier", n)), some, unjudged))(t))
		}
		rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		got := must(Merge(filepath.Join(dir, "bit by bit"), pool, unjudged))(t)
		if a, b := tree(t, want.Dir()), tree(t, got.Dir()); a != b {
			t.Fatalf("seed %d: of %v at once\n%s\nbit by bit\n%s", seed, tries, a, b)
		}
	}
}

// tree is all files of a folder with what is in them.
func tree(t *testing.T, dir string) string {
	var b strings.Builder
	check(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		fmt.Fprintf(&b, "%s: %s\n", path, text)
		return err
	}))
	return b.String()
}

// A merged run tells which shards it has, and when and where they were carried out.
func TestMergedRunHasTheWholePlan(t *testing.T) {
	dir := t.TempDir()
	runs := shards(t, dir, 2, map[int]tried{0: {state: Done, validity: checker.Valid}}, map[int]tried{1: {state: Done, validity: checker.Valid}})
	for n, r := range runs {
		m := &r.manifest
		m.Part.Of, m.Part.Shards = 3, []int{n + 1}
		m.Part.Cells = []Share{{m.Cells[0].CellName, m.Cells[0].Asked, 1}, {m.Cells[1].CellName, m.Cells[1].Asked, 2}, {CellName{"late", "none", 1}, Asked{Want: "safe"}, 3}}
		m.Start, m.End = time.Unix(int64(100-n), 0).UTC(), time.Unix(int64(200+n), 0).UTC()
		m.Cells, m.Environment.Cores = m.Cells[n:n+1], 4-n
	}
	runs[1].manifest.Environment.Etcd = "3.6.7"
	m := must(Merge(filepath.Join(dir, "merged"), []*Run{runs[1], runs[0]}, unjudged))(t).Manifest()
	if m.Part.String() != "shards 1, 2 of 3" || !slices.Equal(m.Part.Missing(), []int{3}) || len(m.Cells) != 3 || m.Cells[2].State != Planned || m.Cells[1].State != Done {
		t.Errorf("part %+v, cells %+v", m.Part, m.Cells)
	}
	if m.Start.Unix() != 99 || m.End.Unix() != 201 || m.Environment.Etcd != "3.7.3, 3.6.7" || m.Environment.Cores != 3 || len(m.Merged) != 2 {
		t.Errorf("%+v", m)
	}
	if slices.Contains(m.Args, "--shard=1/1") || !slices.Contains(m.Args, "--seed") {
		t.Errorf("again: %q", m.Args)
	}
}

// A folder that was sent by somebody else does not bring files of this machine into a run.
func TestMergeCopiesNothingFromElsewhere(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	check(t, os.WriteFile(secret, []byte("x"), 0o600))
	for name, link := range map[string]func(c *Cell) error{
		"a file":   func(c *Cell) error { return errors.Join(c.makeFolder(), os.Symlink(secret, c.Path("stats.json"))) },
		"a folder": func(c *Cell) error { return os.Symlink(dir, c.Dir()) },
	} {
		runs := shards(t, t.TempDir(), 1, nil)
		check(t, link(runs[0].Cells()[0]))
		check(t, runs[0].update(0, func(r *Record) { r.State = Done }))
		out := filepath.Join(t.TempDir(), "merged")
		if _, err := Merge(out, runs, unjudged); !errors.Is(err, ErrNotStored) {
			t.Errorf("%s that leads elsewhere: %v", name, err)
		}
		if made := must(filepath.Glob(filepath.Join(out, "cells/*/*")))(t); len(made) > 0 {
			t.Errorf("%s: copied %q", name, made)
		}
	}
}

func TestWhatIsNotOfOnePlanIsNotJoined(t *testing.T) {
	for says, change := range map[string]func(*Manifest){
		"it does not say which plan it is of":                                  func(m *Manifest) { m.Part = Part{} },
		"their plans differ: seed 7 and 8":                                     func(m *Manifest) { m.Seed = 8 },
		"their plans differ: as usual and --clients=3":                         func(m *Manifest) { m.Part.Plan, m.Args = "beef", append(m.Args[:4:4], "--shard=2/2", "--clients=3") },
		"their plans differ: their command lines do not tell":                  func(m *Manifest) { m.Part.Plan = "beef" },
		"one plan was split in two ways, into 1 and into 2":                    func(m *Manifest) { m.Part.Of = 2 },
		"different things are wanted of their cells: as usual and --min-ops=7": func(m *Manifest) { m.Cells[0].Limits.MinOps, m.Args = 7, append(m.Args, "--min-ops=7") },
		"different things are wanted of their cells: their command lines":      func(m *Manifest) { m.Unknown = LetPass },
	} {
		dir := t.TempDir()
		runs := shards(t, dir, 1, nil, nil)
		change(&runs[1].manifest)
		out := filepath.Join(dir, "merged")
		if _, err := Merge(out, runs, unjudged); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, says)
		}
		if exists(out) {
			t.Errorf("%s: a folder was made", says)
		}
	}
}
