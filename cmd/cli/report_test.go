package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker/history"
	"lockquake/results"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// record writes a history in which each key is held twice, a round after the other; at once if it is bad.
func record(t *testing.T, w io.WriteCloser, rounds int, bad bool, keys ...string) {
	t.Helper()
	r, err := history.NewRecorder(w, history.Header{Strategy: "mutex", Fault: "none", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rounds * len(keys) {
		for p := range int32(2) {
			e := history.Event{Op: history.Acquire, Process: int32(2*i) + p, Client: p, Key: keys[i%len(keys)]}
			a := r.Invoke(e)
			a.Return(history.OK, history.Event{Token: int64(7 + p)})
			if e.Op, e.Hold = history.Release, a.ID(); !bad {
				r.Invoke(e).Return(history.OK, history.Event{})
			}
		}
	}
	if err := errors.Join(r.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// store makes a run of a cell for each strategy: one that holds, one that is broken, one that was never
// begun.
func store(t *testing.T, dir string, strategies ...string) {
	t.Helper()
	var info results.Info
	for _, s := range strategies {
		info.Cells = append(info.Cells, results.CellName{Strategy: s, Fault: "none", Repeat: 1})
	}
	run, err := results.Create(dir, info)
	if err != nil {
		t.Fatal(err)
	}
	for i := range min(len(strategies), 2) {
		cell, err := run.Cell(info.Cells[i])
		if err != nil {
			t.Fatal(err)
		}
		w, err := cell.History()
		if err != nil {
			t.Fatal(err)
		}
		record(t, w, 1, i > 0, "k0")
	}
}

// What report writes, check reads, and says the same.
func TestReportIsCheckedAsItsHistoryIs(t *testing.T) {
	for name, c := range map[string]struct {
		bad  bool
		code int
	}{"held": {false, exitHeld}, "broken": {true, exitBroken}} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			record(t, create(t, "history.jsonl.zst"), 1, c.bad, "k0")
			s := call(t, "report", "history.jsonl.zst", "-o", "edn")
			s.want(t, exitHeld, "{:type :ok, :f :acquire, :value 8, :process 1,")
			write(t, "out.edn", s.out)
			call(t, "check", "out.edn").want(t, c.code)
			call(t, "check", "out.edn", "--as-jepsen").want(t, c.code)
		})
	}
}

func TestReportOfSeveralLocksGoesToFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	record(t, create(t, "history.jsonl.zst"), 1, false, "k0", "a/b")
	s := call(t, "report", "history.jsonl.zst", "-o", "edn")
	s.want(t, exitHeld)
	if s.out != "history-a%2Fb.edn\nhistory-k0.edn\n" {
		t.Errorf("printed %q", s.out)
	}
	for path := range strings.FieldsSeq(s.out) {
		call(t, "check", path).want(t, exitHeld, "4 operations of 2 processes")
	}
}

// A run is reported beside its histories, a cell after the other.
func TestReportOfARun(t *testing.T) {
	t.Chdir(t.TempDir())
	store(t, "run", "mutex", "none", "tutorial")
	s := call(t, "report", "run", "-o", "edn")
	s.want(t, exitHeld)
	held, broken := filepath.Join("run", "cells", "mutex__none__r1", "history.edn"), filepath.Join("run", "cells", "none__none__r1", "history.edn")
	if s.out != held+"\n"+broken+"\n" {
		t.Errorf("printed %q", s.out)
	}
	call(t, "check", held).want(t, exitHeld)
	call(t, "check", broken).want(t, exitBroken)
}

// Formats of a run go to standard output, whatever has become of its cells.
func TestReportOfARunInEveryFormat(t *testing.T) {
	t.Chdir(t.TempDir())
	store(t, "run", "mutex", "none", "tutorial")
	call(t, "check", "run")
	for format, says := range map[string]string{
		"html": "<!doctype html>", "md": "# lockquake", "junit": `<testsuites>`, "json": `"schema": 1`,
		"csv": "none,none,1,broken,unsafe,", "benchfmt": "Unit acquires/s better=higher",
	} {
		call(t, "report", "run", "-o", format).want(t, exitHeld, says)
	}
	call(t, "report", "history.jsonl.zst", "-o", "csv").want(t, exitUsage, "open run history.jsonl.zst: no such folder")
	record(t, create(t, "history.jsonl.zst"), 1, false, "k0")
	call(t, "report", "history.jsonl.zst", "-o", "csv").want(t, exitUsage, "history.jsonl.zst is a file: -o csv is of a whole run")
}

// What a format cannot say is refused, and the other cells are written.
func TestReportOfASemaphoreBesideAMutex(t *testing.T) {
	t.Chdir(t.TempDir())
	store(t, "run", "mutex", "none")
	path := filepath.Join("run", "cells", "mutex__none__r1", "history.jsonl.zst")
	file := create(t, path)
	r, err := history.NewRecorder(file, history.Header{Strategy: "mutex", Fault: "none", Permits: 2})
	if err != nil {
		t.Fatal(err)
	}
	r.Invoke(history.Event{Op: history.Acquire, Key: "k0"}).Return(history.OK, history.Event{Token: 1})
	if err := errors.Join(r.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	s := call(t, "report", "run", "-o", "edn")
	s.want(t, exitUsage, "k0: it is a semaphore of 2 permits")
	if want := filepath.Join("run", "cells", "none__none__r1", "history.edn") + "\n"; s.out != want {
		t.Errorf("printed %q, want %q", s.out, want)
	}
}

// -1 is the run before the latest, though it looks like a flag.
func TestTheRunBefore(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, command := range [][]string{{"check", "-1"}, {"report", "-1", "-o", "edn"}} {
		call(t, command...).want(t, exitUsage, "make one with lockquake run")
	}
	store(t, "", "mutex")
	call(t, "report", "-1", "-o", "edn").want(t, exitUsage, `find run "latest-1"`)
	store(t, "", "mutex", "none")
	call(t, "report", "-1", "-o", "edn").want(t, exitHeld, "{:type :invoke")
	call(t, "report", "-o", "edn", "latest").want(t, exitHeld, "history.edn\n")
}

// What is left of a history is written, and that it is not all is said.
func TestReportOfDamagedHistories(t *testing.T) {
	t.Chdir(t.TempDir())
	record(t, create(t, "whole"), 1000, false, "k0")
	whole, err := os.ReadFile("whole")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "cut", string(whole[:len(whole)/2]))
	write(t, "garbled", string(garble(t, whole)))
	record(t, create(t, "empty"), 0, false)
	for name, c := range map[string]struct {
		code  int
		wrote bool
		says  string
	}{
		"whole":   {exitHeld, true, ""},
		"cut":     {exitHeld, true, "lockquake: cut: it ends after event"},
		"garbled": {exitUsage, true, "lockquake: garbled: line"},
		"empty":   {exitUsage, false, "nobody asked for a lock"},
	} {
		s := call(t, "report", "-o", "edn", name)
		s.want(t, c.code)
		if strings.HasPrefix(s.out, "{:type :invoke") != c.wrote || !strings.Contains(s.log, c.says) || c.says == "" && s.log != "" {
			t.Errorf("%s: printed %.200q and said %q", name, s.out, s.log)
		}
	}
}
