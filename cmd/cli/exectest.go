package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"lockquake/harness/cluster"
)

// examOptions are what exec-test is asked for.
type examOptions struct {
	command string
	ttl     time.Duration
	members int
	logs    string
	asJSON  bool
}

func (a app) execTestCommand() *cobra.Command {
	var o examOptions
	cmd := &cobra.Command{
		Use:   "exec-test COMMAND",
		Short: "does a program of yours do what run --exec asks of it, without any faults",
		Long: `exec-test starts an etcd cluster of its own and asks a program for all that a lock must do: it acquires and
releases, two clients exclude each other, a hold ends with its lease and is kept as long as that is renewed, and the
program ends when it is asked to, and leaves nothing behind. No faults are injected: that is what run --exec is for.

The program is started by sh, once for each client and lock, and talks by lines of JSON; the README says which. What is
missing is something that it may leave out; then it is not judged.

Exit codes: 0 it does all that it must, 1 something is wrong, 64 wrong input, 70 the cluster failed.`,
		Example: `  lockquake exec-test 'python3 mylock.py'
  lockquake exec-test ./mylock --ttl 5s --logs /tmp/mylock
  lockquake run --exec 'python3 mylock.py' --fault pause-holder`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.command = args[0]
			if err := o.validate(); err != nil {
				return usage(err)
			}
			if err := o.prepare(); err != nil {
				return usage(err)
			}
			return a.inJSON(o.asJSON).execTest(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&o.ttl, "ttl", time.Second, "TTL of leases, whole seconds")
	flags.IntVar(&o.members, "members", 3, "members of the cluster")
	flags.StringVar(&o.logs, "logs", "", "folder that keeps what the program says on its standard error (default: it is not kept)")
	flags.BoolVar(&o.asJSON, "json", false, jsonDoc)
	return cmd
}

func (o examOptions) validate() error {
	switch {
	case o.command == "":
		return errors.New("COMMAND is empty: give the one that starts your program")
	case o.ttl < time.Second || o.ttl%time.Second != 0:
		return fmt.Errorf("--ttl is %v: give whole seconds, etcd grants no others", o.ttl)
	case o.members < 1 || o.members > 9:
		return fmt.Errorf("--members is %d: give a number from 1 to 9", o.members)
	}
	return nil
}

// prepare makes the folder of logs: that it cannot be written is no fault of the program.
func (o examOptions) prepare() error {
	if o.logs == "" {
		return nil
	}
	if err := os.MkdirAll(o.logs, 0o750); err != nil {
		return fmt.Errorf("--logs: %w: name a folder that can be written", err)
	}
	probe, err := os.CreateTemp(o.logs, ".probe-*")
	if err != nil {
		return fmt.Errorf("--logs: %w: name a folder that can be written", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (a app) execTest(ctx context.Context, o examOptions) (err error) {
	shaken, err := cluster.Start(ctx, cluster.Config{Members: o.members})
	if err != nil {
		return harnessFailed(err)
	}
	defer func() { err = errors.Join(err, shaken.Close()) }()
	e := exam{cluster: shaken, examOptions: o}
	if e.control, err = shaken.Client(ctx, cluster.ClientConfig{Number: 2}); err != nil {
		return harnessFailed(err)
	}
	marks := e.marks(ctx, a)
	if ctx.Err() != nil {
		return exit{exitInterrupted, errors.New("interrupted")}
	}
	a.examTable(marks)
	return ended(examCode(marks))
}

func (a app) examTable(marks []mark) {
	wrong := 0
	for _, m := range marks {
		a.tells(checkEvent{eventOf("check"), m})
		fmt.Fprintf(a.out, "%-8s %-36s %s\n", m.Result, m.Check, m.What)
		if m.Result == markWrong {
			wrong++
		}
	}
	how := "the program does what it must"
	if wrong > 0 {
		how = fmt.Sprintf("%d of %d checks went wrong", wrong, len(marks))
	}
	fmt.Fprintf(a.out, "RESULT: %s; exit %d\n", how, examCode(marks))
	a.tells(resultEvent{event: eventOf("result"), Exit: examCode(marks), Result: how})
}

func examCode(marks []mark) int {
	for _, m := range marks {
		if m.Result == markWrong {
			return exitBroken
		}
	}
	return exitHeld
}
