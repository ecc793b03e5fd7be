package results

import (
	"testing"

	"lockquake/checker"
	"lockquake/checker/history"
)

func judged(h history.History) checker.Judgement {
	checkers := []checker.Checker{checker.WellFormed{}, checker.Evidence{}, checker.Exclusion{}, checker.LeaseBounds{},
		checker.Fencing{}, checker.Progress{}, checker.Grant{}, checker.Release{}}
	return checker.Judge(h, checkers, checker.Promise{Calm: checker.Exclusive}, checker.Safe)
}

// store carries out a run whose cells have these histories.
func store(t *testing.T, dir string, histories ...history.History) *Run {
	t.Helper()
	info := Info{Seed: 42, Args: []string{"lockquake", "run", "--seed", "42"}, Etcd: "3.7.3"}
	for _, h := range histories {
		info.Cells = append(info.Cells, CellName{h.Header.Strategy, h.Header.Fault, h.Header.Repeat})
	}
	r := must(Create(dir, info))(t)
	for i, h := range histories {
		c := must(r.Cell(info.Cells[i]))(t)
		check(t, c.WritePlan([]byte("{}\n")))
		check(t, c.Finish(h, judged(h)))
	}
	check(t, r.Finish())
	return r
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// named gives a history another strategy.
func named(h history.History, strategy string) history.History {
	h.Header.Strategy = strategy
	return h
}
