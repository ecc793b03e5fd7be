package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCellInVirtualTime(t *testing.T) {
	notUnderRace(t)
	out := filepath.Join(t.TempDir(), "run")
	s := call(t, "run", "--cluster", "virtual", "--strategy", "mutex-norecheck", "--fault", "revoke-waiter", "--ttl", "3s", "--duration", "50s", "--seed", "1", "--out", out)
	s.want(t, exitBroken, "1 cell, about 57s of virtual time", "BROKEN", "grant invalid", " in ")
	for _, name := range []string{"plan.json", "history.jsonl.zst", "verdicts.json", "member-m0.log", "member-m2.log"} {
		if _, err := os.Stat(filepath.Join(out, "cells", "mutex-norecheck__revoke-waiter__r1", name)); err != nil {
			t.Error(err)
		}
	}
	call(t, "check", out).want(t, exitBroken, "grant invalid")
}

func TestInterruptedInVirtualTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := startChild(t, "run", "--cluster", "virtual", "--strategy", "mutex", "--fault", "none", "--members", "1", "--duration", "24h", "--out", dir)
	until(t, filepath.Join(dir, "cells", "mutex__none__r1", "history.jsonl.zst"), 1<<10)
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait()
	if code := c.cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(c.out.String(), "RESULT: interrupted; 0 of 1 cells held, 1 unknown") {
		t.Errorf("exit %d:\n%s", code, c.out.String())
	}
}

// What cannot be had is refused before anything starts.
func TestWhatVirtualTimeDoesNotHave(t *testing.T) {
	t.Chdir(t.TempDir())
	for args, want := range map[string]string{
		"--fault pause-leader": "a cluster of kind virtual cannot pause members: one of kind process can",
		"--exec true":          "exec: it does not talk to etcd through its client, and on a cluster of kind virtual it must",
		"--etcd etcd":          "--etcd goes with --cluster process",
		"--endpoints h:1":      "--endpoints goes with --cluster external",
		"--ttl 500ms":          "--ttl is 500ms: give",
	} {
		call(t, append([]string{"run", "--cluster", "virtual"}, strings.Fields(args)...)...).want(t, exitUsage, want)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("it left %v, error %v", left, err)
	}
}

func TestReproductionsInVirtualTime(t *testing.T) {
	notUnderRace(t)
	call(t, "repro", "--cluster", "virtual", "etcd-19597", "pause-no-fence").want(t, exitHeld, "RESULT: 2 of 2 as expected")
	out := filepath.Join(t.TempDir(), "run")
	call(t, "repro", "--cluster", "virtual", "--sound", "pause-no-fence", "--out", out).want(t, exitHeld, "as expected")
	call(t, "check", out).want(t, exitHeld, "pause-no-fence")
	call(t, "repro", "--cluster", "process", "etcd-22082").want(t, exitUsage, `--cluster is "process": give embed or virtual`)
	call(t, "selftest", "--cluster", "process").want(t, exitUsage, `--cluster is "process": give embed or virtual`)
}
