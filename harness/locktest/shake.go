package locktest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/cluster/virtual"
	"lockquake/results"
)

// outcome is what became of a cell.
type outcome struct {
	stored     *results.Cell
	history    history.History
	judgement  checker.Judgement
	thresholds []results.Threshold
	err        error // nothing could be judged
}

func (o outcome) held() bool {
	return o.err == nil && o.judgement.Validity == checker.Valid && results.Met(o.thresholds) == checker.Valid
}

// shake carries out the cells of one trial, and fails the test if one of them did not hold.
func (g *gate) shake(t *testing.T, tr trial) {
	t.Helper()
	plan := harness.Draw(g.seed, []harness.Trial{tr.Trial})
	run, err := results.Create(filepath.Join(t.TempDir(), "run"), g.info(t.Name(), plan, tr))
	if err != nil {
		t.Fatalf("locktest: %v", err)
	}
	var all []outcome
	var told []string
	for _, cell := range plan.Cells {
		stored, err := run.Cell(cell.Name())
		if err != nil {
			t.Fatalf("locktest: %v", err)
		}
		o := g.carryOut(t, stored, cell, tr)
		all = append(all, o)
		if !o.held() {
			told = append(told, tell(o))
		}
	}
	if len(told) > 0 {
		t.Errorf("%s%s\nagain: %s", strings.Join(told, "\n"), keep(t, run, all), g.again(t.Name()))
	}
}

func (g *gate) info(test string, plan harness.Plan, tr trial) results.Info {
	want := tr.want
	if want == checker.Promised {
		want = checker.Safe // lockquake check does not know what the lock promises
	}
	info := results.Info{Seed: g.seed, Args: []string{g.again(test)}, Want: want.String(), Etcd: g.kind.Etcd}
	for _, cell := range plan.Cells {
		info.Cells = append(info.Cells, cell.Name())
		info.Asked = append(info.Asked, results.Asked{Want: info.Want, Limits: tr.limits})
	}
	return info
}

// carryOut does one cell and judges it.
func (g *gate) carryOut(t *testing.T, stored *results.Cell, cell harness.Cell, tr trial) outcome {
	o := outcome{stored: stored}
	parts := harness.Parts{
		Strategy: g.strategy, Workload: tr.workload, Faults: tr.Faults(), Kind: g.kind, Place: harness.Place{Prefix: "lockquake/"},
	}
	if o.err = g.record(t, cell, parts, stored); o.err != nil {
		return o
	}
	if o.history, o.err = stored.ReadHistory(); o.err == nil {
		o.judgement = checker.Judge(o.history, checker.All(), g.promise, tr.want)
		o.thresholds = tr.limits.Judge(o.history)
	}
	return o
}

// record carries out a cell, in virtual time if that was chosen.
func (g *gate) record(t *testing.T, cell harness.Cell, parts harness.Parts, stored *results.Cell) (err error) {
	if !g.virtual {
		return harness.Record(t.Context(), cell, parts, stored)
	}
	left := virtual.In(t, virtual.Outside{}, func(ctx context.Context) { err = harness.Record(ctx, cell, parts, stored) })
	if left != nil {
		t.Logf("locktest: the lock leaves goroutines behind: %v", left)
	}
	return err
}

// keep makes the run's folder whole where go test keeps it, and says where that is, or what would keep it.
func keep(t *testing.T, run *results.Run, all []outcome) string {
	if kept := flag.Lookup("test.artifacts"); kept == nil || kept.Value.String() != "true" {
		return "plan, history, verdicts and pictures: kept by go test -artifacts"
	}
	var err error
	for _, o := range all {
		if o.err != nil {
			err = errors.Join(err, o.stored.Fail(o.err))
		} else {
			err = errors.Join(err, o.stored.Finish(o.history, o.judgement))
		}
	}
	dir := t.ArtifactDir()
	if err := errors.Join(err, run.Finish(), os.CopyFS(dir, os.DirFS(run.Dir()))); err != nil {
		return fmt.Sprintf("plan, history, verdicts and pictures: not all of it is in %s: %v", dir, err)
	}
	return "plan, history, verdicts and pictures: " + filepath.Join(dir, "report.html")
}
