package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lockquake/harness"
)

// need is the run that the machine is looked at for.
type need struct {
	Members  int `json:"members"`
	Clients  int `json:"clients"`
	Parallel int `json:"parallel"`
}

// condition is what can be said of a thing that a run needs. The zero condition is that it is not there.
type condition string

const (
	isFine    condition = "ok"
	isLimited condition = "limited"
	isMissing condition = "missing"
)

// diagnosis is what was found of one thing.
type diagnosis struct {
	Check  string    `json:"check"`
	State  condition `json:"state"`
	Vital  bool      `json:"vital"` // without it there is no run
	Found  string    `json:"found"`
	Limits string    `json:"limits,omitempty"` // what cannot be had, or not be trusted
	Do     string    `json:"do,omitempty"`     // to mend it
}

// examination is a thing that a run needs, or a part of one does.
type examination struct {
	name  string
	vital bool
	look  func(context.Context, need) diagnosis
	// starts tells that it starts members. Where something vital is missing it is left out: etcd ends the whole process
	// when it cannot open a file.
	starts bool
}

// examine looks, unless that would do harm.
func (e examination) examine(ctx context.Context, n need, before []diagnosis) diagnosis {
	var d diagnosis
	i := slices.IndexFunc(before, diagnosis.fatal)
	if e.starts && i >= 0 {
		d = without(errors.New("not tried, for want of "+before[i].Check), "members cannot be started", "see "+before[i].Check)
	} else {
		d = e.look(ctx, n)
	}
	d.Check, d.Vital = e.name, e.vital
	if d.State == "" {
		d.State = isMissing
	}
	return d
}

// fatal tells that there is no run for want of it.
func (d diagnosis) fatal() bool { return d.Vital && d.State == isMissing }

func (a app) doctorCommand() *cobra.Command {
	usual := harness.Usual()
	n := need{usual.Members, usual.Clients, 1}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "what this machine can do, and what it limits",
		Long: `doctor looks at what a run needs of a machine, and tries it: it starts a cluster with its members in this process, and one
with members in processes of their own, which it pauses, kills and starts again, and one in virtual time. Of each thing it says whether it is
there, what its want limits, and what to do. How much is needed is that of a run with so many --members, --clients and cells
in --parallel.

Exit codes: 0 such a run is possible, 64 wrong input, 70 it is not, 130 interrupted.`,
		Example: `  lockquake doctor
  lockquake doctor --members 5 --clients 32 --parallel 8
  lockquake doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := n.validate(); err != nil {
				return usage(err)
			}
			return a.doctor(cmd.Context(), n, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&n.Members, "members", n.Members, "members of a cell's cluster")
	flags.IntVar(&n.Clients, "clients", n.Clients, "clients that fight for the lock")
	flags.IntVar(&n.Parallel, "parallel", n.Parallel, "cells that are carried out at a time")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (n need) validate() error {
	s := harness.Usual()
	s.Members, s.Clients = n.Members, n.Clients
	if err := s.Validate(harness.Embedded()); err != nil {
		return fmt.Errorf("--%w", err)
	}
	return validParallel(n.Parallel)
}

func (a app) doctor(ctx context.Context, n need, asJSON bool) error {
	if !asJSON {
		fmt.Fprintf(a.out, "lockquake doctor: this machine, and %s with %s, %s at a time\n\n",
			counted(n.Members, "member"), counted(n.Clients, "client"), counted(n.Parallel, "cell"))
	}
	var all []diagnosis
	for _, e := range examinations() {
		d := e.examine(ctx, n, all)
		if ctx.Err() != nil {
			return exit{exitInterrupted, errors.New("interrupted")}
		}
		all = append(all, d)
		if !asJSON {
			d.text(a)
		}
	}
	return a.concludeDoctor(n, all, asJSON)
}

func (d diagnosis) text(a app) {
	fmt.Fprintf(a.out, "%-8s %-16s %s\n", d.State, d.Check, d.Found)
	for _, line := range []struct{ lead, text string }{{"limits", d.Limits}, {"do", d.Do}} {
		if line.text != "" {
			fmt.Fprintf(a.out, "%-8s %-16s   %s: %s\n", "", "", line.lead, line.text)
		}
	}
}

// concludeDoctor says whether a run is possible.
func (a app) concludeDoctor(n need, all []diagnosis, asJSON bool) error {
	code, how := exitHeld, "a run is possible"
	counts := map[condition]int{}
	for _, d := range all {
		counts[d.State]++
		if d.fatal() {
			code, how = exitHarness, "no run is possible"
		}
	}
	if asJSON {
		err := writeJSON(a.out, struct {
			For      need        `json:"for"`
			Possible bool        `json:"possible"`
			Exit     int         `json:"exit"`
			Checks   []diagnosis `json:"checks"`
		}{n, code == exitHeld, code, all})
		return errors.Join(err, ended(code))
	}
	fmt.Fprintf(a.out, "\nRESULT: %s; %d ok, %d limited, %d missing; exit %d\n", how, counts[isFine], counts[isLimited], counts[isMissing], code)
	return ended(code)
}
