package results

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Runs is the default place of runs, below the working directory.
const Runs = "results/runs"

const (
	manifestFile = "run.json"
	latest       = "latest"
)

// newFolder makes the folder of a run: the given one, which must be new or empty, or one of its own
// in the default place.
func newFolder(dir string, start time.Time, seed uint64) (string, error) {
	if dir != "" {
		return dir, claim(dir)
	}
	name := fmt.Sprintf("%s-%d", start.UTC().Format("20060102T150405Z"), seed)
	dir = filepath.Join(Runs, name)
	for n := 2; exists(dir); n++ { // two runs of one seed within a second
		dir = filepath.Join(Runs, fmt.Sprintf("%s-%d", name, n))
	}
	if err := claim(dir); err != nil {
		return "", err
	}
	return dir, nil
}

func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create run folder %s: %w: name a folder that can be written", dir, reason(err))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("create run folder %s: %w: name a folder that can be read and written", dir, reason(err))
	}
	if len(entries) > 0 {
		return fmt.Errorf("create run folder %s: it has files in it: name a new or an empty folder", dir)
	}
	if err := os.Mkdir(filepath.Join(dir, "cells"), 0o755); err != nil {
		return fmt.Errorf("create run folder %s: %w: name a folder that can be written", dir, reason(err))
	}
	return nil
}

// reason leaves the path out of an error that names it anyway.
func reason(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// pointLatest makes results/runs/latest point at a run of that place, in one step.
func pointLatest(dir string) error {
	temp := filepath.Join(Runs, "."+latest+"-"+filepath.Base(dir))
	if err := os.Symlink(filepath.Base(dir), temp); err != nil {
		return fmt.Errorf("point %s at %s: %w", latest, dir, err)
	}
	if err := os.Rename(temp, filepath.Join(Runs, latest)); err != nil {
		return fmt.Errorf("point %s at %s: %w", latest, dir, errors.Join(err, os.Remove(temp)))
	}
	return nil
}

// Locate finds the folder that a user means: "latest" or "", "latest-1" or "-1" for the run before the latest, "-2"
// for the one before that, or a path. Only runs in the default place are counted.
func Locate(which string) (string, error) {
	back := 0
	if n, err := strconv.Atoi(strings.TrimPrefix(which, latest)); err == nil && n < 0 {
		back = -n
	} else if which != latest && which != "" {
		return filepath.Clean(which), nil
	}
	stored := storedRuns()
	if len(stored) == 0 {
		return "", fmt.Errorf("find run %q: there is none in %s: make one with lockquake run, or give a path", which, Runs)
	}
	if back >= len(stored) {
		return "", fmt.Errorf("find run %q: there are only %d in %s: give a smaller number, or a path", which, len(stored), Runs)
	}
	return filepath.Join(Runs, stored[back]), nil
}

// storedRuns are the names of the runs in the default place, newest first. Names begin with the time.
func storedRuns() []string {
	manifests, err := filepath.Glob(filepath.Join(Runs, "*", manifestFile))
	if err != nil {
		return nil
	}
	var names []string
	for _, m := range manifests {
		if name := filepath.Base(filepath.Dir(m)); name != latest {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(b, a) })
	return names
}
