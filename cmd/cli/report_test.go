package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker/history"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// record writes a history file in which each key is held twice, a round after the other; at once if it is
// bad.
func record(t *testing.T, path string, rounds int, bad bool, keys ...string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := history.NewRecorder(f, history.Header{Strategy: "mutex", Fault: "none", Keys: keys})
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
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
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
			record(t, "history.jsonl.zst", 1, c.bad, "k0")
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
	record(t, "history.jsonl.zst", 1, false, "k0", "a/b")
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
	call(t, short("--strategy", "mutex,none", "--out", "run")...).want(t, exitBroken)
	s := call(t, "report", "run", "-o", "edn")
	s.want(t, exitHeld)
	held, broken := filepath.Join("run", "cells", "mutex__none__r1", "history.edn"), filepath.Join("run", "cells", "none__none__r1", "history.edn")
	if s.out != held+"\n"+broken+"\n" {
		t.Errorf("printed %q", s.out)
	}
	call(t, "check", held).want(t, exitHeld)
	call(t, "check", broken).want(t, exitBroken)
}

// -1 is the run before the latest, though it looks like a flag.
func TestTheRunBefore(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, command := range [][]string{{"check", "-1"}, {"report", "-1", "-o", "edn"}} {
		call(t, command...).want(t, exitUsage, "make one with lockquake run")
	}
	for _, strategy := range []string{"none", "mutex"} {
		call(t, short("--strategy", strategy)...)
	}
	for which, want := range map[string]string{"latest": "mutex without faults", "-1": "none without faults"} {
		if s := call(t, "check", which, "--want", "promised"); !strings.Contains(s.out, want) {
			t.Errorf("%s is\n%s%s", which, s.out, s.log)
		}
	}
	call(t, "check", "-2").want(t, exitUsage, "-2")
	if latest, before := call(t, "report", "-o", "edn"), call(t, "report", "-1", "-o", "edn"); latest.out == before.out || before.out == "" {
		t.Errorf("latest:\n%.200s\nbefore:\n%.200s", latest.out, before.out)
	}
}

// What is left of a history is written, and that it is not all is said.
func TestReportOfDamagedHistories(t *testing.T) {
	t.Chdir(t.TempDir())
	record(t, "whole", 5000, false, "k0")
	whole, err := os.ReadFile("whole")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "cut", string(whole[:len(whole)/2]))
	write(t, "garbled", string(garble(whole)))
	record(t, "empty", 0, false)
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
