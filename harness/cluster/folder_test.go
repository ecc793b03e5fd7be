package cluster

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// deadPid is the id of a process that has just ended.
func deadPid(t *testing.T) int {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	return child.Process.Pid
}

func TestSweepTakesOnlyFoldersOfTheDead(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ours, err := newFolder("")
	if err != nil {
		t.Fatal(err)
	}
	dead := deadPid(t)
	stale := fmt.Sprintf("lockquake-%d-1", dead)
	kept := map[string]string{
		"of this process":         filepath.Base(ours.path),
		"of init":                 "lockquake-1-1",
		"of another container":    fmt.Sprintf("lockquake-%d-2", dead), // its id means nothing here, but it is locked
		"not ours":                fmt.Sprintf("other-%d-1", dead),
		"ours, but not a cluster": "lockquake-notes-1",
	}
	for _, name := range append(slices.Collect(maps.Values(kept)), stale) {
		if err := os.MkdirAll(filepath.Join(temp, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := lockFolder(filepath.Join(temp, kept["of another container"]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()

	sweep()

	if _, err := os.Stat(filepath.Join(temp, stale)); !os.IsNotExist(err) {
		t.Errorf("the folder of a dead process is still there: %v", err)
	}
	for what, name := range kept {
		if _, err := os.Stat(filepath.Join(temp, name)); err != nil {
			t.Errorf("a folder %s was swept: %v", what, err)
		}
	}
	if err := ours.remove(); err != nil {
		t.Error(err)
	}
}

// Members that wait for their disk have their data where it can be on one, and leave nothing there.
func TestMembersWaitForTheDiskWhereTheyAreTo(t *testing.T) {
	data := t.TempDir()
	c, err := Start(t.Context(), Config{Members: 1, Fsync: true, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	written, err := filepath.Glob(filepath.Join(data, folderPrefix+"*", "m0", "member", "wal"))
	if err != nil || len(written) != 1 {
		t.Errorf("logs of members: %q, %v", written, err)
	}
	if etcd := c.member(0).running.(embedded).Etcd.Config(); etcd.UnsafeNoFsync {
		t.Error("the member does not wait")
	}
	careless := slices.ContainsFunc((&binary{noFsync: true}).flags(c.member(0).spec), func(flag string) bool {
		return flag == "--unsafe-no-fsync=true"
	})
	if careless {
		t.Error("one that runs an etcd binary does not wait")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
