package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/grpclog"

	"lockquake/harness/cluster"
)

// app is the command line with its catalogue and its streams.
type app struct {
	catalogue Catalogue
	out       io.Writer
	log       io.Writer
	events    io.Writer // takes what --json says; nil: nobody asked
	metrics   *exporter // nil: nobody asked
}

// Main runs the command line with a catalogue, and gives the exit code. In a process that a cluster has
// started as one of its members it is that member, in one that is to carry out a cell in virtual time it does that; it does
// not return then.
func Main(c Catalogue, args []string) int {
	cluster.ServeMember()
	// gRPC would write to the terminal what its gateway, within the members, has to say of every client that hangs up.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	serveVirtual(c)
	// The first signal winds the run down; the second one finds the default in place, and ends the
	// process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // whoever read the output is gone: the run is finished and saved all the same
	defer context.AfterFunc(ctx, stop)()
	return run(ctx, c, args, os.Stdout, os.Stderr)
}

func run(ctx context.Context, c Catalogue, args []string, out, log io.Writer) int {
	console := newConsole(out, log, os.Getenv)
	a := app{catalogue: c, out: console.out, log: console.log}
	defer a.explain(ctx, console)()
	if err := c.validate(); err != nil {
		fmt.Fprintln(log, "lockquake:", err)
		return exitUsage
	}
	root := a.root()
	console.takeColor(root)
	root.SetArgs(namingRuns(args))
	root.SetOut(out)
	root.SetErr(log)
	cmd, err := root.ExecuteContextC(ctx)
	err = advised(cmd, err)
	if err != nil && err.Error() != "" {
		fmt.Fprintln(log, "lockquake:", err)
	}
	return codeOf(err)
}

func (a app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lockquake",
		Short: "shake etcd locks and tell which ones held",
		Long: `lockquake starts an etcd cluster of its own, lets clients fight for a lock while it cuts the network,
pauses holders, ends leases and kills members, and then judges what happened: which guarantee held,
whose fault a failure was, and the operations that prove it.

Exit codes: 0 judged and held, 1 a guarantee broken, 3 unknown, 4 only a threshold missed, 64 wrong input,
70 the harness or the cluster failed, 130 interrupted (the partial run is saved and judged).`,
		Example: `  lockquake demo
  lockquake run --strategy mutex --fault pause-holder
  lockquake run --strategy all --want promised
  lockquake check latest
  lockquake repro etcd-22082`,
		Version:            thisBuild().Version,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // ours are of one line
		DisableAutoGenTag:  true,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetVersionTemplate(thisBuild().String() + "\n")
	root.SetHelpCommand(a.helpCommand())
	root.AddCommand(a.demoCommand(), a.runCommand(), a.execTestCommand(), a.benchCommand(), a.huntCommand(), a.selftestCommand(), a.checkCommand(), a.reportCommand(), a.reproCommand(), a.compareCommand(), a.mergeCommand(), a.listCommand(), a.serveCommand(), a.completionCommand(), a.doctorCommand(), a.manCommand(), a.versionCommand())
	a.completeAll(root)
	return root
}
