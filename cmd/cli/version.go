package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	etcd "go.etcd.io/etcd/api/v3/version"
)

// build is what this program was made of. What the Go toolchain did not write into it is empty.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the sources
	Time     string `json:"time,omitempty"`     // of the revision, RFC 3339
	Modified bool   `json:"modified"`           // the sources were not as committed
	Etcd     string `json:"etcd"`               // of the embedded members, and of the client
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func (a app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "say which lockquake, etcd and Go this is",
		Long: `version says from which sources lockquake was built, which etcd its members and its clients are, and which Go
made it: what a report of a problem should name. A revision is known where it was built in a clone with git.`,
		Example: `  lockquake version
  lockquake version --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if asJSON {
				return writeJSON(a.out, b)
			}
			fmt.Fprintln(a.out, b)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func thisBuild() build {
	b := build{Version: "(devel)", Etcd: etcd.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.read(info)
	}
	return b
}

func (b *build) read(info *debug.BuildInfo) {
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
}

// String is the build in one line.
func (b build) String() string {
	text := "lockquake " + b.Version
	if b.Revision != "" {
		text += fmt.Sprintf(" (%.12s of %s%s)", b.Revision, b.Time, ifElse(b.Modified, ", modified", ""))
	}
	return fmt.Sprintf("%s, etcd %s, %s %s/%s", text, b.Etcd, b.Go, b.OS, b.Arch)
}

func ifElse(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
