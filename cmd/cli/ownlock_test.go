package cli

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"lockquake/results"
)

// ownlock is a module of its own, as a user's is, so ./... leaves it out: what it needs is done here.
const ownlock = "../examples/ownlock"

// outsideCall runs a command in the example's folder.
func outsideCall(t *testing.T, name string, args ...string) said {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = ownlock
	cmd.Env = append(os.Environ(), "LOCKQUAKE_SEED=5")
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	_ = cmd.Run() // what is wrong is in its output, and in its code
	if cmd.ProcessState == nil {
		t.Fatalf("%s did not start", name)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), log.String()}
}

func TestOwnLockIsBuiltRunAndGated(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	bin := t.TempDir()
	built := func(command ...string) { t.Helper(); outsideCall(t, "go", command...).want(t, exitHeld) }
	built("vet", "./...")
	built("build", "-o", filepath.Join(bin, "ownlock"), ".")
	built("test", "-c", "-o", filepath.Join(bin, "ownlock.test"), ".")

	own := func(args ...string) said { t.Helper(); return outsideCall(t, filepath.Join(bin, "ownlock"), args...) }
	own("run", "--strategy", "ownlock", "--fault", "none", "--duration", "1s", "--out", filepath.Join(bin, "run")).
		want(t, exitHeld, "held     exclusive      ownlock without faults")
	stored, err := results.Open(filepath.Join(bin, "run"))
	if err != nil {
		t.Fatal(err)
	}
	if again := stored.Manifest().Args; again[0] != "ownlock" {
		t.Errorf("the same run is made again by %q", again)
	}
	own("run", "--strategy", "ownlok").want(t, exitUsage, `did you mean "ownlock"?`)
	own("list", "strategies").want(t, exitHeld, "a key with a lease, and a watch")

	tested := func(args ...string) said {
		t.Helper()
		return outsideCall(t, filepath.Join(bin, "ownlock.test"), args...)
	}
	tested("-test.short", "-test.v").want(t, exitHeld, "--- SKIP: TestOwnLock", "left out by -short")
	tested("-test.v", "-test.run", "^TestOwnLock$/^pause-holder$").want(t, exitHeld, "--- PASS: TestOwnLock/pause-holder", "locktest: seed 5")
}

// The contract is all that a strategy needs of ours.
func TestOwnLockImportsTheContractOnly(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(ownlock, "ownlock.go"), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path, module) {
			ours = append(ours, path)
		}
	}
	if want := module + "workloads/lock"; len(ours) != 1 || ours[0] != want {
		t.Errorf("it imports %q of ours, want %s", ours, want)
	}
}
