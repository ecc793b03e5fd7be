package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "write the man pages, one for each command",
		Long: `man writes lockquake.1 and a page for each command, lockquake-run.1 and so on, into a folder, which it makes if need
be. They say what COMMAND --help says.`,
		Example: `  lockquake man ~/.local/share/man/man1 && man lockquake-run
  lockquake man /tmp/man && man -l /tmp/man/lockquake.1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := args[0]
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return usage(fmt.Errorf("man: %w: name a folder that can be written", err))
			}
			if err := doc.GenManTree(cmd.Root(), manHeader(), folder); err != nil {
				return usage(fmt.Errorf("man: %w: name a folder that can be written", err))
			}
			pages, err := filepath.Glob(filepath.Join(folder, "lockquake*.1"))
			fmt.Fprintf(a.out, "%d man pages in %s\n", len(pages), folder)
			return err
		},
	}
}

// manHeader is dated as the sources are, where that is known, so that the same sources give the same pages.
func manHeader() *doc.GenManHeader {
	b := thisBuild()
	h := &doc.GenManHeader{Section: "1", Source: "lockquake " + b.Version, Manual: "lockquake"}
	if when, err := time.Parse(time.RFC3339, b.Time); err == nil {
		h.Date = &when
	}
	return h
}
