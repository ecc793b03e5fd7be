package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"lockquake/harness"
	"lockquake/harness/cluster/virtual"
	"lockquake/harness/nemesis"
	"lockquake/harness/repro"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// shown is how often, in wall time, a process that carries out a cell in virtual time shows how far it is.
const shown = 200 * time.Millisecond

// errand asks a process of its own to carry out a cell, or a reproduction, in virtual time. The process runs this program,
// so it has the same catalogue.
type errand struct {
	Cell  *cellErrand  `json:"cell,omitempty"`
	Repro *reproErrand `json:"repro,omitempty"`
}

type cellErrand struct {
	Run  string       `json:"run"` // its folder
	Cell harness.Cell `json:"cell"`
}

type reproErrand struct {
	ID      string `json:"id"`
	Sound   bool   `json:"sound"`
	Repeat  int    `json:"repeat"`
	History string `json:"history"` // the path of the file that it is written to
}

// news is what such a process says.
type news struct {
	Snapshot *harness.Snapshot `json:"snapshot,omitempty"`
	// Interrupted tells that the cell was before it began.
	Interrupted bool `json:"interrupted,omitempty"`
	// Record is what a reproduction tells.
	Record *repro.Record `json:"record,omitempty"`
}

// serveVirtual makes this process one that carries out a cell, if it was started for that.
func serveVirtual(c Catalogue) {
	virtual.Serve(func(request []byte, say func(any)) (virtual.Errand, error) {
		var e errand
		if err := json.Unmarshal(request, &e); err != nil {
			return nil, fmt.Errorf("read which cell is to be carried out: %w", err)
		}
		if e.Repro != nil {
			return e.Repro.prepare(say)
		}
		return e.Cell.prepare(c, say)
	})
}

// prepare gives what carries out the cell, and says meanwhile how far it is.
func (e *cellErrand) prepare(c Catalogue, say func(any)) (virtual.Errand, error) {
	parts, err := c.partsOf(e.Cell)
	if err != nil {
		return nil, err
	}
	stored, err := openCell(e.Run, e.Cell.Name())
	if err != nil {
		return nil, err
	}
	parts.Monitor = harness.NewMonitor(e.Cell)
	go func() {
		for range time.Tick(shown) {
			s := parts.Monitor.Snapshot()
			say(news{Snapshot: &s})
		}
	}()
	return func(ctx context.Context) error {
		err := harness.Record(ctx, e.Cell, parts, stored)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			say(news{Interrupted: true})
		}
		return err
	}, nil
}

// prepare gives what carries out the reproduction.
func (e *reproErrand) prepare(say func(any)) (virtual.Errand, error) {
	picked, err := pickReproductions([]string{e.ID})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		file, err := os.Create(e.History)
		if err != nil {
			return err
		}
		variant := variantOf(picked[0], e.Sound)
		record, err := picked[0].Run(ctx, virtual.Start, variant, e.Repeat, file)
		say(news{Record: &record})
		return errors.Join(err, file.Close())
	}, nil
}

// reproduceVirtually has a process of its own carry out a reproduction and write its history.
func reproduceVirtually(ctx context.Context, e reproErrand) (record repro.Record, err error) {
	err = virtual.Spawn(ctx, errand{Repro: &e}, func(line []byte) error {
		var heard news
		if err := json.Unmarshal(line, &heard); err != nil {
			return fmt.Errorf("read what the reproduction tells: %w", err)
		}
		if heard.Record != nil {
			record = *heard.Record
		}
		return nil
	})
	return record, err
}

func openCell(dir string, name results.CellName) (*results.Cell, error) {
	run, err := results.Open(dir)
	if err != nil {
		return nil, err
	}
	return run.Cell(name)
}

// partsOf gives what a cell names.
func (c Catalogue) partsOf(cell harness.Cell) (p harness.Parts, err error) {
	strategy, err := named("strategy", cell.Strategy, c.Strategies)
	if err != nil {
		return p, err
	}
	workload, err := named("workload", cell.Workload, c.Workloads)
	if err != nil {
		return p, err
	}
	p = harness.Parts{
		Strategy: strategy.Open, Workload: workload, Faults: map[string]nemesis.Fault{},
		Kind: harness.Virtual(), Place: harness.Place{Prefix: ownPrefix},
	}
	for _, s := range cell.Schedules {
		aim, err := named("fault", s.Fault, c.Faults)
		if err != nil {
			return p, err
		}
		p.Faults[s.Fault] = aim.Fault
	}
	return p, nil
}

func named[T any](what, name string, entries []Entry[T]) (value T, err error) {
	for _, e := range entries {
		if e.Name == name {
			return e.Value, nil
		}
	}
	return value, unknownName("the catalogue's "+what, name, names(entries))
}

// recordVirtually has a process of its own carry out a cell and write its history, as record does elsewhere.
func recordVirtually(ctx context.Context, stored *results.Cell, cell harness.Cell, monitor *harness.Monitor) error {
	interrupted := false
	err := virtual.Spawn(ctx, errand{Cell: &cellErrand{stored.Run().Dir(), cell}}, func(line []byte) error {
		var heard news
		if err := json.Unmarshal(line, &heard); err != nil {
			return fmt.Errorf("read how far the cell is: %w", err)
		}
		interrupted = interrupted || heard.Interrupted
		if heard.Snapshot != nil {
			monitor.Show(*heard.Snapshot)
		}
		return nil
	})
	if interrupted {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// inVirtualTime says that a plan's time is not that of who waits for it, if all of it is so.
func inVirtualTime(p harness.Plan) string {
	for _, c := range p.Cells {
		if c.Cluster != scenario.Virtual {
			return ""
		}
	}
	return " of virtual time"
}

// validOwnTime says whether what needs no process of its own can be had on a kind of cluster.
func validOwnTime(cluster string) error {
	switch cluster {
	case scenario.Embed:
		return nil
	case scenario.Virtual:
		_, err := virtualKind()
		return err
	}
	return fmt.Errorf("--cluster is %q: give %s or %s", cluster, scenario.Embed, scenario.Virtual)
}
