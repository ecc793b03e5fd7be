package results

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A run's files may be links to anywhere; what is not in the folder of runs is not read for them.
func TestRunInAFolderReadsNothingOutsideOfIt(t *testing.T) {
	top := t.TempDir()
	outside, runs := filepath.Join(top, "outside"), filepath.Join(top, "runs")
	const manifest = `{"version": 1, "cells": [{"strategy": "mutex", "fault": "none", "repeat": 1, "folder": "a", "state": "done"}]}`
	for path, text := range map[string]string{
		outside + "/run.json": manifest, outside + "/secret.json": `{"acquired": 3}`,
		runs + "/good/run.json": manifest, runs + "/good/stats.json": `{"acquired": 5}`,
		runs + "/bad/run.json": manifest, runs + "/far/run.json": manifest,
	} {
		writeAt(t, path, text)
	}
	for link, to := range map[string]string{
		runs + "/latest": "good", runs + "/away": outside,
		runs + "/good/cells/a/stats.json":   "../../stats.json",
		runs + "/bad/cells/a/verdicts.json": outside + "/secret.json",
		runs + "/far/cells/a":               outside,
	} {
		if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"good": "", "bad": "escapes", "far": "escapes", "away": "escapes", "../outside": "no name of a folder", "..": "no name of a folder", "none": "no such folder",
	} {
		run, err := OpenIn(runs, name)
		if err == nil {
			_, err = run.load()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	var listed []string
	for _, l := range List(runs) {
		listed = append(listed, l.Name)
	}
	slices.Sort(listed)
	if got := strings.Join(listed, " "); got != "bad far good" {
		t.Errorf("listed are %s", got)
	}
	if run, err := OpenIn(runs, "far"); err != nil || run.files(run.Cells()[0].name("")) != nil {
		t.Errorf("the files of another folder are told of: %v", err)
	}
}

func writeAt(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What has a run.json that cannot be read is a damaged run.
func TestListOfWhatIsNoRun(t *testing.T) {
	folder := t.TempDir()
	writeAt(t, folder+"/newer/run.json", `{"version": 99}`)
	writeAt(t, folder+"/garbled/run.json", `{`)
	writeAt(t, folder+"/other/notes.txt", "")
	writeAt(t, folder+"/file", "")
	if err := os.MkdirAll(folder+"/strange/run.json", 0o700); err != nil {
		t.Fatal(err)
	}
	damage := map[string]string{}
	for _, l := range List(folder) {
		damage[l.Name] = l.String()
	}
	for name, want := range map[string]string{"newer": "use a newer lockquake", "garbled": "is garbled", "strange": "is no file"} {
		if !strings.HasPrefix(damage[name], "damaged: ") || !strings.Contains(damage[name], want) {
			t.Errorf("%s: %q, want %q", name, damage[name], want)
		}
	}
	if len(damage) != 3 || len(List(folder+"/nowhere")) != 0 {
		t.Errorf("%v", damage)
	}
}
