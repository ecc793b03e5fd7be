package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lockquake/results"
)

// usualListen is where serve listens if nothing else is said. The port is nobody's.
const usualListen = "127.0.0.1:8640"

func (a app) serveCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve [FOLDER | RUN]",
		Short: "browse, filter and compare runs in a browser",
		Long: `serve shows the runs in a FOLDER (default: ` + results.Runs + `) to a browser on this machine: a list to filter, the report and
the files of each run, and the comparison of those that are ticked, as compare makes it. Runs that are added meanwhile are
seen; with a RUN (its folder, latest, or -1 for the one before it) it shows that one alone.

Nothing can be changed through it, and nothing outside of the folder can be read. Nobody but this machine can reach it,
unless --listen names an address that others can; then everybody who reaches that can read all runs. Ctrl-C ends it.`,
		Example: `  lockquake serve
  lockquake serve results/published --listen 127.0.0.1:0
  lockquake serve latest`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			site, err := siteOf(args)
			if err != nil {
				return usage(err)
			}
			return a.serve(cmd.Context(), site, listen)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", usualListen, "address and port to listen on; port 0: any that is free; without an address: 127.0.0.1")
	return cmd
}

// siteOf is what the argument names: a folder of runs, or a run.
func siteOf(args []string) (*site, error) {
	if len(args) == 0 {
		return newSite(results.Runs, "")
	}
	where, err := results.Locate(args[0])
	if err != nil {
		return nil, err
	}
	if !results.IsRun(where) {
		return newSite(where, "")
	}
	if where, err = filepath.Abs(where); err != nil {
		return nil, err
	}
	if where, err = filepath.EvalSymlinks(where); err != nil { // latest
		return nil, err
	}
	return newSite(filepath.Dir(where), filepath.Base(where))
}

func (a app) serve(ctx context.Context, s *site, address string) error {
	defer func() { _ = s.close() }()
	listener, err := listen(ctx, "listen", address)
	if err != nil {
		return usage(err)
	}
	s.name, _, _ = net.SplitHostPort(address)
	if at, tcp := listener.Addr().(*net.TCPAddr); tcp && !at.IP.IsLoopback() {
		fmt.Fprintf(a.log, "lockquake: warning: everybody who reaches %s can read all runs in %s: leave out --listen, and only this machine can\n", listener.Addr(), s.folder)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	fmt.Fprintf(a.out, "lockquake serve: %s at http://%s/ until Ctrl-C\n", s, listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return harnessFailed(fmt.Errorf("serve %s: %w", listener.Addr(), err))
	}
	return nil
}

// listen listens on an address that is asked for; one without a host is this machine's own.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--%s is %q: give an address and a port, such as %s", flag, address, usualListen)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--%s %s: something else listens there, maybe another lockquake: give another port, or 0 for any that is free", flag, address)
	case err != nil:
		return nil, fmt.Errorf("--%s %s: %w: give an address of this machine and a port, such as %s", flag, address, err, usualListen)
	}
	return listener, nil
}
