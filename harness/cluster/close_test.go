package cluster_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lockquake/harness/cluster"
)

// leavings is what a process may leave of a cluster, besides goroutines.
type leavings struct {
	folders []string
	files   int // open file descriptors, where the system tells
}

func look(t testing.TB) leavings {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	if err != nil {
		t.Fatal(err)
	}
	files, _ := os.ReadDir("/proc/self/fd")
	return leavings{folders, len(files)}
}

// clean fails the test when there is more left than before.
func clean(t testing.TB, before leavings) {
	t.Helper()
	eventually(t, "file descriptors to be closed", func() bool { return look(t).files <= before.files })
	if left := children(t); len(left) != 0 {
		t.Errorf("processes %v are left", left)
	}
	if now := look(t).folders; len(now) > len(before.folders) {
		t.Errorf("folders %v, before %v", now, before.folders)
	}
	goleak.VerifyNone(t)
}

// ownTemp gives the test a temporary folder that no other process uses. Its name is short: sockets are
// to be in it.
func ownTemp(t testing.TB) {
	t.Helper()
	t.TempDir() // the test's other folders stay where they are
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	t.Setenv("TMPDIR", folder)
}

func TestCloseLeavesNothing(t *testing.T) {
	for name, harm := range map[string]func(*testing.T, *cluster.Cluster){
		"in calm":                     func(*testing.T, *cluster.Cluster) {},
		"with a client left open":     func(t *testing.T, c *cluster.Cluster) { client(t, c, cluster.ClientConfig{}) },
		"with a held client":          func(t *testing.T, c *cluster.Cluster) { heldClient(t, c) },
		"with peers held":             func(_ *testing.T, c *cluster.Cluster) { isolate(c, 0) },
		"with a member killed":        func(_ *testing.T, c *cluster.Cluster) { _ = c.Kill(1) },
		"with others than at first":   addedAndRemoved,
		"with all held, most killed":  allHeldMostKilled,
		"with a restart still trying": stuckRestart,
	} {
		t.Run(name, func(t *testing.T) { leavesNothing(t, cluster.Config{}, harm) })
	}
}

func TestCloseLeavesNoProcess(t *testing.T) {
	for name, path := range map[string]string{"process": "", "binary": findEtcd()} {
		for harmed, harm := range map[string]func(*testing.T, *cluster.Cluster){
			"in calm":                     func(*testing.T, *cluster.Cluster) {},
			"with all paused, one killed": allPausedOneKilled,
			"with a stuck restart":        stuckRestart,
		} {
			t.Run(name+" "+harmed, func(t *testing.T) {
				if name == "binary" && path == "" {
					t.Skip(noEtcd)
				}
				leavesNothing(t, cluster.Config{Process: true, EtcdPath: path}, harm)
			})
		}
	}
}

func leavesNothing(t *testing.T, config cluster.Config, harm func(*testing.T, *cluster.Cluster)) {
	t.Helper()
	ownTemp(t)
	config.Dir = t.TempDir()
	before := look(t)
	c, err := cluster.Start(within(t, patience), config)
	if err != nil {
		t.Fatal(err)
	}
	harm(t, c)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	clean(t, before)
}

func addedAndRemoved(t *testing.T, c *cluster.Cluster) {
	added(t)(c.AddMember(within(t, patience)))
	if err := c.RemoveMember(within(t, patience), 1); err != nil {
		t.Error(err)
	}
}

func allPausedOneKilled(t *testing.T, c *cluster.Cluster) {
	if n := len(children(t)); n != 3 {
		t.Errorf("%d processes, want 3", n)
	}
	if err := errors.Join(c.PauseMember(0), c.PauseMember(1), c.PauseMember(2), c.Kill(2)); err != nil {
		t.Error(err)
	}
}

func heldClient(t *testing.T, c *cluster.Cluster) {
	held := client(t, c, cluster.ClientConfig{})
	held.Etcd.Watch(context.Background(), "key")
	holdClient(held, 3)
	if _, err := held.Etcd.Put(within(t, 50*time.Millisecond), "key", "value"); err == nil {
		t.Error("a put came through held links")
	}
}

func allHeldMostKilled(t *testing.T, c *cluster.Cluster) {
	heldClient(t, c)
	for i := range 3 {
		isolate(c, i)
	}
	_, _ = c.Kill(0), c.Kill(2)
}

func stuckRestart(t *testing.T, c *cluster.Cluster) {
	if err := c.Kill(0); err != nil {
		t.Fatal(err)
	}
	isolate(c, 0)
	go func() { _ = c.Restart(context.Background(), 0) }()
	eventually(t, "the restart to begin", func() bool {
		_, _, running := c.Believes(0)
		return running
	})
}

func TestNothingCanBeRestartedAfterClose(t *testing.T) {
	ownTemp(t)
	before := look(t)
	c, err := cluster.Start(within(t, patience), cluster.Config{Members: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(within(t, patience), 0); err == nil {
		t.Error("restarted a member of a closed cluster")
	}
	clean(t, before)
}

// However far Start has come when its context ends, it leaves nothing.
func TestCancelledStartLeavesNothing(t *testing.T) {
	ownTemp(t)
	dir := t.TempDir()
	before := look(t)
	for _, ms := range []int{0, 1, 10, 30, 50} {
		after := time.Duration(ms) * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), after)
		c, err := cluster.Start(ctx, cluster.Config{Dir: dir})
		cancel()
		switch {
		case err == nil:
			_ = c.Close()
		case !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("start with %v: %v", after, err)
		case c != nil:
			t.Errorf("start with %v: a cluster beside the error %v", after, err)
		}
		clean(t, before)
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	ownTemp(t)
	missing := filepath.Join(t.TempDir(), "missing")
	before := look(t)
	if _, err := cluster.Start(t.Context(), cluster.Config{Dir: missing}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start with logs in a folder that is not there: %v", err)
	}
	clean(t, before)
}
