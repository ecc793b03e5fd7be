package cli

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lockquake/checker/edn"
	"lockquake/checker/history"
	"lockquake/results"
)

// format writes what happened to one lock.
type format func(w io.Writer, h *history.History, key string) error

// lockFormats are of one lock of one cell; those of a whole run are results.Formats.
func lockFormats() []Entry[format] {
	return []Entry[format]{
		{"edn", "the acquires and releases of each lock as a Jepsen history, for Knossos and lockquake check", edn.Write},
	}
}

func (a app) reportCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "report [RUN | HISTORY] -o FORMAT",
		Short: "write a stored run in another format",
		Long: `report writes a stored run to standard output, in a format for people or for other programs. RUN is a folder,
latest (the default), or -1 for the one before it. The same files are in the run's folder.

Histories of locks (edn) are taken from a single history.jsonl.zst, too. Each lock of each cell gives one history: if
there is only one cell, with one lock, it goes to standard output; otherwise each goes to a file beside
history.jsonl.zst, and the paths are printed.

Formats:
` + describeFormats(),
		Example: `  lockquake report -o md >> "$GITHUB_STEP_SUMMARY"
  lockquake report results/runs/20261122T230000Z-42 -o junit > junit.xml
  lockquake report -o benchfmt > new.txt && benchstat old.txt new.txt
  lockquake report some/cells/mutex__none__r1/history.jsonl.zst -o edn > mutex.edn`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.report(name, runOf(args)) },
	}
	cmd.Flags().StringVarP(&name, "output", "o", "", "format of the output: "+strings.Join(formatNames(), ", "))
	return cmd
}

func formatNames() []string {
	var all []string
	for _, f := range results.Formats() {
		all = append(all, f.Name)
	}
	return append(all, names(lockFormats())...)
}

func describeFormats() string {
	var b strings.Builder
	for _, f := range results.Formats() {
		fmt.Fprintf(&b, "  %-8s  %s\n", f.Name, f.Doc)
	}
	for _, f := range lockFormats() {
		fmt.Fprintf(&b, "  %-8s  %s\n", f.Name, f.Doc)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (a app) report(name, which string) error {
	for _, f := range results.Formats() {
		if f.Name == name {
			return a.reportRun(f, which)
		}
	}
	for _, f := range lockFormats() {
		if f.Name != name {
			continue
		}
		sources, err := sourcesOf(which)
		if err != nil {
			return usage(err)
		}
		return a.writeReports(name, f.Value, sources)
	}
	return usage(fmt.Errorf("-o is %q: give one of %s", name, strings.Join(formatNames(), ", ")))
}

func (a app) reportRun(f results.Format, which string) error {
	if stat, err := os.Stat(which); err == nil && stat.Mode().IsRegular() {
		return usage(fmt.Errorf("%s is a file: -o %s is of a whole run, give its folder; of a single history there is %s", which, f.Name, strings.Join(names(lockFormats()), ", ")))
	}
	run, err := results.Open(which)
	if err != nil {
		return usage(err)
	}
	if err := run.Write(f, a.out); err != nil {
		return harnessFailed(err)
	}
	return nil
}

// source is a stored history and the folder that it is in.
type source struct {
	name string
	dir  string
	read func() (history.History, error)
}

// sourcesOf finds what the argument names: a file, or the cells of a run.
func sourcesOf(which string) ([]source, error) {
	if stat, err := os.Stat(which); err == nil && stat.Mode().IsRegular() {
		return []source{{which, filepath.Dir(which), func() (history.History, error) { return readHistory(which) }}}, nil
	}
	run, err := results.Open(which)
	if err != nil {
		return nil, err
	}
	var sources []source
	for _, cell := range run.Cells() {
		sources = append(sources, source{cell.Dir(), cell.Dir(), cell.ReadHistory})
	}
	return sources, nil
}

// writeReports writes each lock of each history. A history that is not whole is written as far as it
// goes.
func (a app) writeReports(name string, f format, sources []source) error {
	written, garbled, refused := 0, false, false
	for _, s := range sources {
		h, err := s.read()
		if errors.Is(err, results.ErrNoHistory) {
			continue // planned, and never begun
		}
		if err != nil {
			return usage(err)
		}
		if h.Cut != "" {
			fmt.Fprintf(a.log, "lockquake: %s: %s\n", s.name, h.Cut)
		}
		garbled = garbled || h.Garbled
		keys := keysOf(&h)
		written += len(keys)
		if len(sources) == 1 && len(keys) == 1 {
			err = f(a.out, &h, keys[0])
		} else {
			err = a.writeFiles(name, f, s.dir, &h, keys)
		}
		switch {
		case errors.Is(err, edn.ErrSemaphore):
			fmt.Fprintf(a.log, "lockquake: %s: %v\n", s.name, err)
			refused = true
		case err != nil:
			return harnessFailed(err)
		}
	}
	switch {
	case garbled, refused:
		return exit{code: exitUsage}
	case written == 0:
		return usage(errors.New("nobody asked for a lock: there is nothing to write"))
	}
	return nil
}

// keysOf are the locks that somebody asked for.
func keysOf(h *history.History) []string {
	var keys []string
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Acquire {
			keys = appendNew(keys, o.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// writeFiles writes a file for each lock and prints its path.
func (a app) writeFiles(name string, f format, dir string, h *history.History, keys []string) error {
	for _, key := range keys {
		file := "history." + name
		if len(keys) > 1 {
			file = "history-" + url.PathEscape(key) + "." + name
		}
		path := filepath.Join(dir, file)
		if err := writeOne(path, f, h, key); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		fmt.Fprintln(a.out, path)
	}
	return nil
}

func writeOne(path string, f format, h *history.History, key string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(f(out, h, key), out.Close())
}
