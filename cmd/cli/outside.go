package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"lockquake/checker"
	"lockquake/checker/edn"
	"lockquake/checker/history"
)

// isOutside tells a history that Jepsen wrote from what lockquake writes.
func isOutside(path string) bool { return strings.EqualFold(filepath.Ext(path), ".edn") }

// reading is a way to read a history from outside.
type reading struct {
	what     string
	checkers []checker.Checker
}

func readingOf(asJepsen bool) reading {
	if asJepsen {
		return reading{"as Jepsen's Knossos reads it: a mutex without owners, what failed did not happen", []checker.Checker{checker.Knossos{}}}
	}
	return reading{"its processes as the owners, a failed release as giving up", []checker.Checker{checker.Exclusion{}, checker.Ownership{}}}
}

// checkOutside judges a history that lockquake has not recorded. There is no promise that it could
// keep, so every verdict counts, and as there is no folder, stories are printed.
func (a app) checkOutside(path string, r reading) error {
	h, err := readOutside(path)
	if err != nil {
		return usage(err)
	}
	var verdicts []checker.Verdict
	for _, c := range r.checkers {
		verdicts = append(verdicts, c.Check(h))
	}
	o := outcome{file: path, judgement: checker.Judgement{Verdicts: verdicts, Validity: checker.Merge(verdicts)}}
	for _, v := range verdicts {
		o.judgement.Harness = o.judgement.Harness || v.Harness
	}
	fmt.Fprintf(a.out, "history  %-7s  %s: %d operations of %d processes, %s\n", o.word(), path, len(h.Ops), h.Header.Clients, r.what)
	for _, v := range verdicts {
		fmt.Fprintf(a.out, "      %s %s: %s\n", v.Checker, v.Validity, v.Why)
		for _, line := range v.Story {
			fmt.Fprintf(a.out, "        %s\n", line)
		}
	}
	t := tally{total: 1}
	t.add(o)
	fmt.Fprintf(a.out, "RESULT: %s; exit %d\n", o.word(), t.code())
	a.tells(o.event(t.done, t.total))
	a.tells(t.event(t.code()))
	return ended(t.code())
}

func readOutside(path string) (history.History, error) {
	f, err := os.Open(path)
	if err != nil {
		return history.History{}, fmt.Errorf("open history: %w", err)
	}
	h, err := edn.Read(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return h, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}
