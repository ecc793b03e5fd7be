package cluster_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/harness/cluster"
)

// script writes a file that says something when it is run.
func script(t *testing.T, mode os.FileMode, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "etcd")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBinaryThatIsNoUsableEtcd(t *testing.T) {
	for name, c := range map[string]struct{ path, want string }{
		"missing":        {filepath.Join(t.TempDir(), "etcd"), "no such file"},
		"not executable": {script(t, 0o600, "exit 0"), "permission denied"},
		"a folder":       {t.TempDir(), "is a directory"},
		"another":        {script(t, 0o700, "echo ls 9.1"), "it is no etcd"},
		"silent":         {script(t, 0o700, "exit 0"), "it is no etcd"},
		"failing":        {script(t, 0o700, "echo no; exit 3"), "exit status 3: no"},
		"too old":        {script(t, 0o700, "echo etcd Version: 3.3.25"), "version 3.3.25 is too old: it must be 3.4 or later"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cluster.EtcdVersion(t.Context(), c.path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("%v; want %q and the path", err, c.want)
			}
			if _, started := cluster.Start(t.Context(), cluster.Config{Process: true, EtcdPath: c.path}); started == nil {
				t.Error("started")
			}
		})
	}
}

func TestVersionsFromTheOldestOn(t *testing.T) {
	for _, version := range []string{"3.4.0", "3.4.23", "3.10.1", "3.7.0-rc.1", "4.0.0"} {
		got, err := cluster.EtcdVersion(t.Context(), script(t, 0o700, "echo etcd Version: "+version+"; echo Git SHA: x"))
		if err != nil || got != version {
			t.Errorf("%q, %v; want %s", got, err, version)
		}
	}
}

// A process that cannot even start says why.
func TestBinaryThatFailsToStart(t *testing.T) {
	path := script(t, 0o700, `case $1 in --version) echo etcd Version: 3.4.0;; --help);; *) echo no room >&2; exit 7;; esac`)
	_, err := cluster.Start(within(t, patience), cluster.Config{Process: true, EtcdPath: path})
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "no room") {
		t.Errorf("start: %v; want the exit status and the last line of the log", err)
	}
	if left := children(t); len(left) != 0 {
		t.Errorf("processes %v are left", left)
	}
}

// The variables of the caller's environment are meant for another etcd.
func TestBinaryHeedsNoVariablesOfTheCaller(t *testing.T) {
	path := findEtcd()
	if path == "" {
		t.Skip(noEtcd)
	}
	t.Setenv("ETCD_MAX_REQUEST_BYTES", "nonsense")
	c := startAs(t, cluster.Config{Members: 1, Process: true, EtcdPath: path})
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
}

func TestBinaryNeedsProcesses(t *testing.T) {
	_, err := cluster.Start(t.Context(), cluster.Config{EtcdPath: "/bin/true"})
	if err == nil || !strings.Contains(err.Error(), "processes of their own") {
		t.Errorf("etcd binary in this process: %v", err)
	}
}
