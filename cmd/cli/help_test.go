package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command, those of other commands too, has an example, and its example names it.
func TestEveryCommandHasAnExample(t *testing.T) {
	root := app{catalogue: Builtin()}.root()
	root.InitDefaultHelpCmd()
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Short == "" || c.Long == "" || !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s has no description, or no example of itself", c.CommandPath())
		}
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit(root)
}

func TestHelpOfACommand(t *testing.T) {
	call(t, "help", "doctor").want(t, exitHeld, "what its want limits", "--parallel", "--help")
	call(t, "help").want(t, exitHeld, "Available Commands")
	call(t).want(t, exitHeld, "Available Commands")
	call(t, "help", "rnu").want(t, exitUsage, `unknown command "rnu": did you mean "run"?`)
	call(t, "help", "zzzzzzzz").want(t, exitUsage, `unknown command "zzzzzzzz": give one of bench, check, compare,`)
	call(t, "help", "run", "more").want(t, exitUsage, `lockquake run has no commands of its own: leave out "more"`)
}

func TestMistakesAreAnsweredWithWhatToDo(t *testing.T) {
	for args, want := range map[string]string{
		"rnu --strategy mutex": `unknown command "rnu": did you mean "run"?`,
		"run --stratgy mutex":  "unknown flag: --stratgy: did you mean --strategy?",
		"run -x":               "lockquake run --help lists",
		"run --seed -1":        "lockquake run --help says what it takes",
		"demo me":              `lockquake demo takes no arguments: leave out "me"`,
		"exec-test":            "lockquake exec-test --help says what it takes",
		"repro all etcd-22082": "all stands for every reproduction: give it alone",
		"repro etcd-22082 all": "all stands for every reproduction: give it alone",
		"completion":           "lockquake completion --help says what it takes",
		"completion tcsh":      `SHELL: there is no "tcsh"`,
		"man /proc/nowhere":    "name a folder that can be written",
		"list runs /proc/none": "no such folder: give one that has folders of runs in it",
	} {
		t.Run(args, func(t *testing.T) { call(t, strings.Fields(args)...).want(t, exitUsage, want) })
	}
}

func TestVersionNamesEtcd(t *testing.T) {
	call(t, "version").want(t, exitHeld, "lockquake ", "etcd 3.7.", "go1.")
	call(t, "version", "--json").want(t, exitHeld, `"etcd": "3.7.`, `"go": "go1.`)
	call(t, "--version").want(t, exitHeld, "lockquake ", "etcd 3.7.")
	b := build{Version: "v1.2.3", Revision: "0123456789abcdef", Time: "2026-11-28T12:00:00Z", Modified: true, Etcd: "3.7.3", Go: "go1.26", OS: "linux", Arch: "arm64"}
	if want := "lockquake v1.2.3 (0123456789ab of 2026-11-28T12:00:00Z, modified), etcd 3.7.3, go1.26 linux/arm64"; b.String() != want {
		t.Errorf("%s, want %s", b, want)
	}
}

func TestManPages(t *testing.T) {
	folder := t.TempDir() + "/man1"
	call(t, "man", folder).want(t, exitHeld, " man pages in "+folder)
	page, err := os.ReadFile(folder + "/lockquake-run.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lockquake-run - strategies under faults", "SH EXAMPLE", "--strategy"} {
		if !strings.Contains(strings.ReplaceAll(string(page), `\-`, "-"), want) {
			t.Errorf("%q is missing in:\n%.600s", want, page)
		}
	}
}
