package cluster_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lockquake/harness/cluster"
)

// noEtcd is why a test of a given etcd is left out.
const noEtcd = "there is no etcd in PATH or /usr/bin, and LOCKQUAKE_ETCD names none"

// findEtcd is the etcd binary of this machine, empty if it has none.
func findEtcd() string {
	for _, candidate := range []string{os.Getenv("LOCKQUAKE_ETCD"), "etcd", "/usr/bin/etcd"} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}

// forEachKind runs a test on clusters of three members in this process, in processes of their own, and of a
// given etcd, where there is one.
func forEachKind(t *testing.T, ofWhich func(cluster.Config) bool, test func(*testing.T, *cluster.Cluster)) {
	t.Helper()
	for name, config := range map[string]cluster.Config{
		"embed":   {},
		"process": {Process: true},
		"binary":  {Process: true, EtcdPath: findEtcd()},
	} {
		if ofWhich(config) {
			t.Run(name, func(t *testing.T) {
				if name == "binary" && config.EtcdPath == "" {
					t.Skip(noEtcd)
				}
				test(t, startAs(t, config))
			})
		}
	}
}

// anyKind of members.
func anyKind(cluster.Config) bool { return true }

// ownProcess is a kind of members in processes of their own.
func ownProcess(kind cluster.Config) bool { return kind.Process }

// children are the ids of this process's, those too that were not waited for.
func children(t testing.TB) []int { return childrenOf(t, os.Getpid()) }

func childrenOf(t testing.TB, parent int) []int {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, list := range lists {
		text, _ := os.ReadFile(list) // the thread may have gone
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// parentVariable makes a process of this test binary the parent of a cluster, and holds its settings.
const parentVariable = "LOCKQUAKE_TEST_PARENT"

// beParent starts a cluster in a process that was started for that, pauses a member, says so, and
// waits for its end.
func beParent() {
	path, ok := os.LookupEnv(parentVariable)
	if !ok {
		return
	}
	c, err := cluster.Start(context.Background(), cluster.Config{Process: true, EtcdPath: path})
	if err == nil {
		err = c.PauseMember(0)
	}
	fmt.Println("started", err)
	select {}
}
