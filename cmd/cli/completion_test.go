package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// completions are what a shell is offered for the last of some words, without what they stand for.
func completions(t *testing.T, words ...string) []string {
	t.Helper()
	s := call(t, append([]string{"__complete"}, words...)...)
	s.want(t, exitHeld)
	var offered []string
	for line := range strings.Lines(s.out) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		offered = append(offered, name)
	}
	return offered[:len(offered)-1] // the last one says what to do with them
}

func TestNamesAreCompleted(t *testing.T) {
	t.Chdir(t.TempDir())
	storeRun(t, "results/runs/20261122T230000Z-42", "{}")
	for _, c := range []struct {
		words string
		want  string // among what is offered
		not   string // not among it
	}{
		{"", "doctor", "__complete"},
		{"run --strategy mu", "mutex+fence", "pause-holder"},
		{"run --strategy=mu", "all", ""},
		{"run --strategy mutex,tutorial,", "mutex,tutorial,stm", "mutex,tutorial,mutex"},
		{"run --fault ", "core", "mutex"},
		{"run --fault none,pause", "none,pause-holder", "pause-holder"},
		{"run --workload ", "handoff", ""},
		{"run --cluster ", "process", ""},
		{"run holder ", "partitions", "holder"},
		{"check ", "results/runs/20261122T230000Z-42", ""},
		{"check latest ", "", "latest"},
		{"compare latest ", "results/runs/20261122T230000Z-42", ""},
		{"report -o ", "junit", "text"},
		{"compare -o ", "text", "junit"},
		{"repro etcd-22082 ", "etcd-18082", "etcd-22082"},
		{"list ", "runs", ""},
		{"list scenarios ", "holder", ""},
		{"help ", "run", ""},
		{"completion ", "fish", ""},
		{"bench holds ", "open-loop", "holds"},
		{"merge ", "results/runs/20261122T230000Z-42", ""},
		{"run --unknown ", "pass", ""},
		{"run --color ", "never", ""},
	} {
		t.Run(c.words, func(t *testing.T) {
			offered := completions(t, strings.Split(c.words, " ")...)
			if c.want != "" && !slices.Contains(offered, c.want) || slices.Contains(offered, c.not) {
				t.Errorf("offered are %q, want %q and not %q", offered, c.want, c.not)
			}
		})
	}
}

// storeRun makes the folder of a run with nothing in it but run.json.
func storeRun(t *testing.T, folder, manifest string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "run.json"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What lists of names must be given for has the names that there are: a flag that was added and forgotten is found here.
func TestEveryFlagOfNamesIsCompleted(t *testing.T) {
	a := app{catalogue: Builtin()}
	values := a.flagValues()
	for _, c := range a.root().Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if _, known := values[f.Name]; !known && strings.Contains(f.Usage, "comma separated") {
				t.Errorf("%s --%s takes names, and completes none", c.Name(), f.Name)
			}
		})
	}
}

// A comma separated list is completed by bash itself, which would escape the comma.
func TestBashCompletesTheLastOfAList(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	script := call(t, "completion", "bash").out
	offers := strings.Join(completions(t, "run", "--strategy", "mutex,tutorial-g"), "\n")
	const asBash = `
compopt() { :; }
__lockquake_get_completion_results() { out=$OFFERS; directive=6; }
_init_completion() { cur=mutex,tutorial-g; }
COMP_TYPE=9
__start_lockquake
printf '%s\n' "${COMPREPLY[@]}"`
	cmd := exec.CommandContext(t.Context(), bash, "-c", script+asBash)
	cmd.Env = append(os.Environ(), "OFFERS="+strings.ReplaceAll(offers, "\n", "\twhat it is\n"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if said := string(out); !strings.Contains(said, "mutex,tutorial-guarded") || strings.Contains(said, `\`) || strings.Contains(said, "semaphore") {
		t.Errorf("bash offers\n%s", said)
	}
}

func TestShellsHaveAScript(t *testing.T) {
	for _, s := range shells() {
		call(t, "completion", s.Name).want(t, exitHeld, "lockquake", "__complete")
	}
}
