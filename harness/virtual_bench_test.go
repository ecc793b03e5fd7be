package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"lockquake/harness/cluster/virtual"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/workloads"
	"lockquake/workloads/locks"
)

// benched is a cell of concurrency.Mutex in virtual time, in a process of its own as lockquake run has it.
type benched struct {
	Members, Clients int
	Faults           []string // side by side, each again and again
}

// BenchmarkVirtual measures how much virtual time passes in a second, and in a second of a core: the second says more
// where others keep the machine busy. An operation is a cell of 10 virtual minutes, from its process's start to its end.
//
//	go test -run '^$' -bench Virtual -benchtime 6x ./harness
func BenchmarkVirtual(b *testing.B) {
	faults := []string{"isolate-leader", "pause-holder", "revoke-waiter", "kill-leader"}
	for _, c := range []benched{
		{3, 10, faults},
		{3, 10, nil},
		{1, 10, []string{"pause-holder", "revoke-waiter"}},
		{1, 10, nil},
		{5, 10, faults},
	} {
		b.Run(fmt.Sprintf("members=%d/clients=%d/faults=%d", c.Members, c.Clients, len(c.Faults)), func(b *testing.B) {
			cores := childrensTime(b)
			var passed time.Duration
			for b.Loop() {
				err := virtual.Spawn(b.Context(), c, func(said []byte) error {
					var cell time.Duration
					err := json.Unmarshal(said, &cell)
					passed += cell
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(passed.Seconds()/b.Elapsed().Seconds(), "virtual-s/s")
			b.ReportMetric(passed.Seconds()/(childrensTime(b)-cores).Seconds(), "virtual-s/core-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// childrensTime is how long the processes that have ended have kept cores busy.
func childrensTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// serveBenched makes this process one that carries out a cell, if a benchmark has started it for that.
func serveBenched() {
	virtual.Serve(func(request []byte, say func(any)) (virtual.Errand, error) {
		var c benched
		if err := json.Unmarshal(request, &c); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			began := time.Now()
			err := c.carryOut(ctx)
			say(time.Since(began))
			return err
		}, nil
	})
}

func (c benched) carryOut(ctx context.Context) error {
	recipe := scenario.Scenario{Name: "benched"}
	for _, name := range c.Faults {
		i := slices.IndexFunc(nemesis.Builtin(), func(n nemesis.Named) bool { return n.Name == name })
		if i < 0 {
			return errors.New("there is no fault " + name)
		}
		recipe.Rules = append(recipe.Rules, scenario.Rule{Fault: name, Aim: nemesis.Builtin()[i].Aim, Probability: 1})
	}
	settings := UsualOn(scenario.Virtual)
	settings.Members, settings.Clients = c.Members, c.Clients
	trial := Trial{Scenario: recipe, Settings: settings, Subjects: []Subject{{Name: "mutex"}}}
	return Run(ctx, Draw(1, []Trial{trial}).Cells[0], Parts{
		Strategy: locks.Mutex, Workload: workloads.Builtin()[0].Kind, Faults: trial.Faults(), Kind: Virtual(),
		Place: Place{Members: c.Members, Prefix: "lockquake/"},
	}, io.Discard)
}
