package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/checker/history"
)

const hostile = `<script>alert(1)</script>" onload="x|*`

func TestRunComesBackAsItWasStored(t *testing.T) {
	t.Chdir(t.TempDir())
	h := paused(false)
	made := store(t, "", calm("mutex", 3, 500*ms), h)
	r := must(Open("latest"))(t)
	want, got := must(json.Marshal(made.Manifest()))(t), must(json.Marshal(r.Manifest()))(t)
	if !bytes.Equal(want, got) {
		t.Errorf("stored\n%s\nread\n%s", want, got)
	}
	m := r.Manifest()
	if m.Version != Version || m.Seed != 42 || m.Environment.Etcd != "3.7.3" || m.Environment.Cores < 1 || m.End.Before(m.Start) {
		t.Errorf("manifest %+v", m)
	}
	c := r.Cells()[1].Record()
	if c.State != Done || c.Grade != checker.Unsafe || c.Validity != checker.Invalid || !strings.HasPrefix(c.Why, "stale write accepted") {
		t.Errorf("record %+v", c)
	}
	for _, name := range []string{"plan.json", "verdicts.json", "stats.json", "counterexample.txt", "timeline.png", "latency.svg", "percentiles.png"} {
		if !exists(r.Cells()[1].Path(name)) {
			t.Errorf("no %s in the cell", name)
		}
	}
	if exists(r.Cells()[0].Path("counterexample.txt")) {
		t.Error("a counterexample of a cell without one")
	}
	for _, name := range []string{"report.html", "summary.md", "latency.png", "contention.svg", "grants.png"} {
		if !exists(r.Path(name)) {
			t.Errorf("no %s in the run", name)
		}
	}
	left := must(filepath.Glob(r.Path("*/*/.tmp-*")))(t)
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestHistoryOfAKilledRunCanBeJudged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	name := CellName{"mutex+fence", "pause-holder", 1}
	r := must(Create(dir, Info{Cells: []CellName{name, {"mutex", "none", 1}}}))(t)
	c := must(r.Cell(name))(t)
	w := must(c.History())(t)
	rec := must(history.NewRecorder(w, history.Header{Format: history.Format, Version: history.Version, Strategy: "mutex+fence"}))(t)
	rec.Invoke(history.Event{Op: history.Acquire, Key: "k"}).Return(history.OK, history.Event{Token: 7})
	check(t, rec.Close())
	check(t, w.Close())

	opened := must(Open(dir))(t) // the first process was killed: nothing was finished
	if m := opened.Manifest(); m.Cells[0].State != Planned || !m.End.IsZero() {
		t.Errorf("manifest %+v", m)
	}
	h := must(opened.Cells()[0].ReadHistory())(t)
	if len(h.Ops) != 1 || h.Ops[0].Token != 7 {
		t.Errorf("operations %+v", h.Ops)
	}
	if _, err := opened.Cells()[1].ReadHistory(); !errors.Is(err, ErrNoHistory) {
		t.Errorf("reading the history of a cell that was never begun: %v", err)
	}
	check(t, opened.Cells()[0].Finish(h, judged(h)))
	check(t, opened.Cells()[1].Fail(errors.New("cluster did not start")))
	check(t, opened.Finish())
	summary := string(must(os.ReadFile(opened.Path("summary.md")))(t))
	if !strings.Contains(summary, "cluster did not start") || !strings.Contains(summary, "failed") {
		t.Errorf("summary\n%s", summary)
	}
}

func TestLatestAndEarlierRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	var made []string
	for range 3 { // within one second, most likely
		made = append(made, must(Create("", Info{Seed: 9}))(t).Dir())
	}
	for which, want := range map[string]string{"latest": made[2], "": made[2], "-1": made[1], "-2": made[0], made[0]: made[0], Runs + "/latest": Runs + "/latest"} {
		if r, err := Open(which); err != nil || r.Dir() != want {
			t.Errorf("open %q: %v, %v; want %s", which, r, err, want)
		}
	}
	to := must(os.Readlink(filepath.Join(Runs, "latest")))(t)
	if to != filepath.Base(made[2]) {
		t.Errorf("latest points at %s", to)
	}
}

func TestErrorsSayWhatWhereAndWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	create := func(dir string, cells ...CellName) func() error {
		return func() error { _, err := Create(dir, Info{Cells: cells}); return err }
	}
	open := func(which string) func() error { return func() error { _, err := Open(which); return err } }
	write := func(path, text string) {
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write("file", "")
	write("newer/run.json", `{"version": 3, "cells": "in another shape"}`)
	write("garbled/run.json", `{"version": 1, "ce`)
	write("noversion/run.json", `{}`)
	write("shape/run.json", `{"version": 1, "cells": 7}`)
	write("outside/run.json", `{"version": 1, "cells": [{"folder": "../../etc"}]}`)
	check(t, os.MkdirAll("empty", 0o755))
	mutex := CellName{"mutex", "none", 1}
	for _, c := range []struct {
		name string
		do   func() error
		says []string
	}{
		{"below a file", create("file/run"), []string{"create run folder file/run", "not a directory", "name a folder that can be written"}},
		{"a file", create("file"), []string{"create run folder file", "name a folder"}},
		{"not empty", create("newer"), []string{"newer", "has files in it", "name a new or an empty folder"}},
		{"a cell twice", create("twice", mutex, mutex), []string{"mutex without faults", "named twice"}},
		{"a cell without a fault", create("twice", CellName{"mutex", "", 1}), []string{"without a strategy or fault"}},
		{"no runs", open("latest"), []string{`find run "latest"`, "there is none in results/runs", "lockquake run"}},
		{"too far back", open("-3"), []string{`find run "-3"`, "give a path"}},
		{"no folder", open("nowhere"), []string{"open run nowhere", "no such folder", "give the folder of a run"}},
		{"not a run", open("empty"), []string{"open run empty", "not the folder of a run", "run.json"}},
		{"a file as a run", open("file"), []string{"open run file", "not the folder of a run"}},
		{"newer", open("newer"), []string{"open run newer", "version 3", "reads up to 2", "use a newer lockquake"}},
		{"garbled", open("garbled"), []string{"open run garbled", "garbled", "restore the file"}},
		{"no version", open("noversion"), []string{"no version"}},
		{"another shape", open("shape"), []string{"garbled", "cells"}},
		{"a cell elsewhere", open("outside"), []string{`"../../etc"`, "not inside the run"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.do()
			if err == nil {
				t.Fatal("no error")
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q does not say %q", err, text)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is not one line", err)
			}
		})
	}
	check(t, create("empty", mutex)()) // the twin: an empty folder is fine
}

func TestCellFoldersArePlainAndApart(t *testing.T) {
	cells := []CellName{{"mutex+fence", "none", 1}, {"mutex_fence", "none", 1}, {"MUTEX+fence", "none", 1}, {"../../x", "a b", 2},
		{strings.Repeat("long", 100), "none", 1}}
	got := must(folders(cells))(t)
	want := []string{"mutex_fence__none__r1", "mutex_fence__none__r1_2", "MUTEX_fence__none__r1_3", "______x__a_b__r2"}
	for i, name := range want {
		if got[i] != name {
			t.Errorf("%v has folder %s, want %s", cells[i], got[i], name)
		}
	}
	if len(got[4]) > 100 {
		t.Errorf("a name of %d bytes", len(got[4]))
	}
}

func TestUnplannedCellIsRefused(t *testing.T) {
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{Cells: []CellName{{"mutex", "none", 1}}}))(t)
	if _, err := r.Cell(CellName{"mutex", "none", 2}); err == nil || !strings.Contains(err.Error(), "not planned") {
		t.Errorf("error %v", err)
	}
}
