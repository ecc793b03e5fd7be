package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child is a lockquake in a process of its own, with a temporary folder of its own.
type child struct {
	cmd  *exec.Cmd
	out  bytes.Buffer
	temp string
}

func startChild(t *testing.T, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(self, args...), temp: t.TempDir()}
	c.cmd.Env = append(os.Environ(), asLockquake+"=1", "TMPDIR="+c.temp)
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() })
	return c
}

// until waits until a file has grown to a size.
func until(t *testing.T, path string, size int64) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if stat, err := os.Stat(path); err == nil && stat.Size() >= size {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s did not grow to %d bytes", path, size)
}

func (c *child) left(t *testing.T) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(c.temp, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func longRun() []string {
	return []string{"run", "--strategy", "none", "--fault", "pause-holder", "--duration", "60s", "--seed", "3", "--out", "run"}
}

const growing = "run/cells/none__pause-holder__r1/history.jsonl.zst"

func TestKilledRunCanBeJudged(t *testing.T) {
	t.Chdir(t.TempDir())
	c := startChild(t, longRun()...)
	until(t, growing, 4096)
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
	call(t, "check", "run").want(t, exitBroken, "the recording was cut short", "exclusion invalid", "RESULT: 0 of 1 cells held, 1 broken; seed 3; exit 1")

	if len(c.left(t)) == 0 {
		t.Error("the members' data was not where this test thinks: it cannot see whether it is swept")
	}
	t.Setenv("TMPDIR", c.temp)
	call(t, short("--strategy", "mutex", "--out", "next")...).want(t, exitHeld)
	if left := c.left(t); len(left) != 0 {
		t.Errorf("the next run left %q of the killed one", left)
	}
}

func TestInterruptedRunIsHealedSavedAndJudged(t *testing.T) {
	t.Chdir(t.TempDir())
	c := startChild(t, append(longRun(), "--strategy", "mutex")...)
	until(t, strings.Replace(growing, "none__", "mutex__", 1), 2048)
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
	if code := c.cmd.ProcessState.ExitCode(); code != exitInterrupted && code != exitBroken {
		t.Errorf("exit %d, want %d, or %d for what had been broken by then", code, exitInterrupted, exitBroken)
	}
	for _, want := range []string{"report: run/report.html", "RESULT: ", "seed 3; exit 1"} {
		if !strings.Contains(c.out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, c.out.String())
		}
	}
	if left := c.left(t); len(left) != 0 {
		t.Errorf("an interrupted run left %q", left)
	}
	if s := call(t, "check", "run"); strings.Contains(s.out, "cut short") || s.code == exitHeld || !strings.Contains(s.out, "evidence unknown: the run was interrupted") {
		t.Errorf("exit %d: an interrupted run must not pass, though its history is whole:\n%s", s.code, s.out)
	}
}

func TestDemoShowsTheHarmAndTheCure(t *testing.T) {
	t.Chdir(t.TempDir())
	call(t, "demo").want(t, exitHeld,
		"while c", "still believed", "stale write accepted", "Grade: unsafe",
		"stale write refused", "report: results/runs/", "next:", "RESULT: 2 of 2 came out as they must")
}

func TestInterruptedDemoIsSavedAndSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	c := startChild(t, "demo")
	until(t, "results/runs/latest/cells/mutex__pause-holder__r1/history.jsonl.zst", 512)
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
	if code := c.cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit %d, want %d:\n%s", code, exitInterrupted, c.out.String())
	}
	until(t, "results/runs/latest/report.html", 1)
	if left := c.left(t); len(left) != 0 {
		t.Errorf("an interrupted demo left %q", left)
	}
}
