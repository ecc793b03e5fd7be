package locktest_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lockquake/checker"
	"lockquake/harness/locktest"
	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inside is the variable that tells TestInside what to gate: what fails must fail in a process of its own.
const inside = "LOCKTEST_INSIDE"

var gates = map[string]struct {
	strategy lock.Strategy
	options  []locktest.Option
}{
	"sound":           {locks.Mutex, []locktest.Option{locktest.Faults("none", "pause-holder"), locktest.Fenced(), locktest.Parallel()}},
	"unfenced":        {locks.Mutex, []locktest.Option{locktest.Faults("pause-holder")}},
	"asked for less":  {locks.Mutex, []locktest.Option{locktest.Faults("pause-holder"), locktest.Want(checker.Exclusive, checker.Unsafe)}},
	"asked for more":  {locks.Mutex, []locktest.Option{locktest.Faults("pause-holder"), locktest.Fenced(), locktest.Want(checker.Exclusive, checker.Exclusive)}},
	"too slow":        {locks.Mutex, []locktest.Option{locktest.Faults("none"), locktest.MinOps(1_000_000), locktest.MaxP99(time.Hour)}},
	"none":            {locks.None, []locktest.Option{locktest.Faults("none"), locktest.Seed(1), locktest.Repeat(2)}},
	"delete-by-name":  {locks.DeleteByName, []locktest.Option{locktest.Scenario("calm")}},
	"in memory":       {inMemory(), []locktest.Option{locktest.Faults("none")}},
	"no evidence":     {inMemory(), []locktest.Option{locktest.Faults("revoke-holder")}},
	"cannot open":     {cannotOpen, []locktest.Option{locktest.Faults("none")}},
	"panics":          {panics, []locktest.Option{locktest.Faults("none")}},
	"hangs":           {hangs, []locktest.Option{locktest.Faults("none")}},
	"wrong options":   {locks.Mutex, []locktest.Option{locktest.TTL(1500 * time.Millisecond)}},
	"virtual":         {locks.Mutex, []locktest.Option{locktest.Virtual(3 * time.Minute), locktest.Faults("pause-holder"), locktest.Fenced()}},
	"virtual broken":  {locks.DeleteByName, []locktest.Option{locktest.Virtual(time.Minute), locktest.Faults("none")}},
	"everything else": {locks.Mutex, nil},
}

func TestInside(t *testing.T) {
	name := os.Getenv(inside)
	if name == "" {
		t.Skip("what fails here must fail: TestGate runs this in processes of their own, and looks")
	}
	g := gates[name]
	locktest.Run(t, g.strategy, append([]locktest.Option{locktest.Members(1), locktest.Duration(500 * time.Millisecond)}, g.options...)...)
}

func TestGate(t *testing.T) {
	for name, want := range map[string]struct {
		passes bool
		says   []string
	}{
		"sound":          {true, []string{"locktest: seed 4711", "--- PASS: TestInside/none", "--- PASS: TestInside/pause-holder"}},
		"unfenced":       {false, []string{"TestInside under pause-holder: broken, grade unsafe", "  fencing: stale write accepted: ", " acquired k0 (token ", "  promise: promised fenced under pause-holder, was unsafe"}},
		"asked for less": {true, nil},
		"asked for more": {false, []string{"promised exclusive under pause-holder, was "}},
		"too slow":       {false, []string{"TestInside without faults: missed a threshold, grade exclusive", "  min-ops missed: ", "fewer than 1000000"}},
		"none": {false, []string{
			"locktest_test.go:", "TestInside without faults: broken, grade unsafe", "TestInside without faults, repeat 2: broken", "  exclusion: ",
			"again: LOCKQUAKE_SEED=4711 go test -count=1 -artifacts -run '^TestInside$/^none$'",
		}},
		"delete-by-name": {false, []string{"--- FAIL: TestInside/calm", "  release: ", " deleted", "kept by go test -artifacts"}},
		"in memory":      {true, nil},
		"no evidence":    {false, []string{"TestInside under revoke-holder: not known to hold, grade exclusive", "  evidence: "}},
		"cannot open":    {false, []string{"could not be judged", ": the keys are at home"}},
		"panics":         {false, []string{"could not be judged", "the strategy panicked: out of order", "locktest_test.go:"}},
		"hangs":          {false, []string{"could not be judged", "did not return within 3s after its context had ended and its client was closed"}},
		"virtual":        {true, []string{"about 3m7s of virtual time"}},
		"virtual broken": {false, []string{"--- FAIL: TestInside/none", "  release: ", " deleted"}},
		"wrong options":  {false, []string{"locktest: ttl is 1.5s: give whole seconds"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, left := run(t, name)
			if passed := strings.Contains(out, "\nPASS\n"); passed != want.passes {
				t.Errorf("passed: %v, want %v", passed, want.passes)
			}
			for _, text := range want.says {
				if !strings.Contains(out, text) {
					t.Errorf("%q is missing", text)
				}
			}
			if len(left) > 0 {
				t.Errorf("it left %q", left)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

func TestFailureIsKeptWhereGoTestIsAskedToKeepIt(t *testing.T) {
	t.Parallel()
	out, left := run(t, "delete-by-name", "-test.artifacts")
	for _, name := range []string{"run.json", "report.html", "plan.json", "history.jsonl.zst", "verdicts.json", "timeline.png", "counterexample.txt"} {
		i := slices.IndexFunc(left, func(path string) bool { return filepath.Base(path) == name })
		if i < 0 {
			t.Errorf("no %s", name)
		} else if name == "report.html" && !strings.Contains(out, "pictures: "+left[i]) {
			t.Errorf("it is not said that %s is there:\n%s", left[i], out)
		}
	}
}

func TestShortLeavesItOut(t *testing.T) {
	out, left := run(t, "everything else", "-test.short")
	if !strings.Contains(out, "--- SKIP: TestInside") || !strings.Contains(out, "left out by -short: shaking etcd clusters takes about ") || len(left) > 0 {
		t.Errorf("left %q\n%s", left, out)
	}
}

// run gates one of gates in a process of its own, and gives what it said and the files that it left.
func run(t *testing.T, name string, flags ...string) (out string, left []string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append(flags, "-test.v", "-test.run", "^TestInside$", "-test.outputdir", dir)...)
	cmd.Env = append(os.Environ(), inside+"="+name, "LOCKQUAKE_SEED=4711", "TMPDIR="+dir)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return both.String(), left
}

// inMemory is a sound lock that etcd knows nothing of.
func inMemory() lock.Strategy {
	turn := make(chan struct{}, 1)
	return func(context.Context, lock.Env) (lock.Lock, error) { return memory{turn}, nil }
}

type memory struct{ turn chan struct{} }

func (m memory) Acquire(ctx context.Context) (lock.Hold, error) {
	select {
	case m.turn <- struct{}{}:
		return lock.Hold{Release: func(context.Context) error { <-m.turn; return nil }}, nil
	case <-ctx.Done():
		return lock.Hold{}, lock.ErrDefinite
	}
}

func (memory) Close() error { return nil }

func cannotOpen(context.Context, lock.Env) (lock.Lock, error) {
	return nil, errors.New("the keys are at home")
}

// panics panics where its lock is first acquired.
func panics(context.Context, lock.Env) (lock.Lock, error) {
	return stuck{func() { panic("out of order") }}, nil
}

// hangs never answers.
func hangs(context.Context, lock.Env) (lock.Lock, error) { return stuck{func() { select {} }}, nil }

type stuck struct{ do func() }

func (s stuck) Acquire(context.Context) (lock.Hold, error) { s.do(); return lock.Hold{}, nil }
func (stuck) Close() error                                 { return nil }
