package cluster_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lockquake/harness/cluster"
)

// stateOf is the state of a process as /proc tells it, empty when there is none.
func stateOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[0]
}

// countIn counts the processes in a state.
func countIn(pids []int, state string) int {
	n := 0
	for _, pid := range pids {
		if stateOf(pid) == state {
			n++
		}
	}
	return n
}

func TestPausedLeaderIsReplacedAndFollowsWhenResumed(t *testing.T) {
	forEachKind(t, ownProcess, func(t *testing.T, c *cluster.Cluster) {
		old, oldTerm := leader(t, c)
		if err := c.PauseMember(old); err != nil {
			t.Fatal(err)
		}
		if n := countIn(children(t), "T"); n != 1 {
			t.Errorf("%d processes are stopped, want 1", n)
		}
		if _, _, running := c.Believes(old); running {
			t.Error("a paused member runs")
		}
		eventually(t, "another leader", func() bool {
			now, term := leader(t, c)
			return now != old && term > oldTerm
		})
		err := c.Healthy(within(t, 100*time.Millisecond))
		if err == nil || !strings.Contains(err.Error(), c.Names()[old]+" does not run") {
			t.Errorf("health with a member paused: %v", err)
		}
		if err := c.ResumeMember(old); err != nil {
			t.Fatal(err)
		}
		if n := countIn(children(t), "T"); n != 0 {
			t.Errorf("%d processes are stopped, want none", n)
		}
		if err := c.Healthy(within(t, patience)); err != nil {
			t.Error(err)
		}
		if now, _, running := c.Believes(old); !running || now == old {
			t.Errorf("the old leader runs: %t, follows m%d", running, now)
		}
	})
}

func TestPauseOfWhatCannotBePaused(t *testing.T) {
	inProcess, child := start(t, 1), startAs(t, cluster.Config{Members: 1, Process: true})
	if err := inProcess.PauseMember(0); err == nil {
		t.Error("paused a member in this process")
	}
	if err := inProcess.Healthy(within(t, patience)); err != nil {
		t.Error(err)
	}
	if err := child.Kill(0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(child.PauseMember(0), child.ResumeMember(0)); err == nil {
		t.Error("paused and resumed a member that was killed")
	}
}

func TestPausedMemberIsKilledAndRestarted(t *testing.T) {
	c := startAs(t, cluster.Config{Members: 1, Process: true})
	if err := errors.Join(c.PauseMember(0), c.Kill(0)); err != nil {
		t.Fatal(err)
	}
	if left := children(t); len(left) != 0 {
		t.Errorf("processes %v are left of a member that was killed", left)
	}
	if err := c.Restart(within(t, patience), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, running := c.Believes(0); !running {
		t.Error("a member that was restarted does not run")
	}
}

// A member that dies unasked is the harness's failure, and must not pass for a fault.
func TestMemberThatEndsByItselfIsTold(t *testing.T) {
	c := startAs(t, cluster.Config{Process: true})
	if err := syscall.Kill(children(t)[0], syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	gone := -1
	eventually(t, "a member not to run", func() bool {
		for i := range c.Names() {
			if _, _, running := c.Believes(i); !running {
				gone = i
			}
		}
		return gone >= 0
	})
	err := c.Healthy(within(t, patience))
	for _, want := range []string{"ended by itself: signal: terminated", "member-" + c.Names()[gone] + ".log"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("health: %v; want %q", err, want)
		}
	}
	if c.Kill(gone) == nil || c.Restart(within(t, patience), gone) == nil {
		t.Error("killed or restarted a member that ended by itself")
	}
}

// A program that does not call ServeMember would start members that start members.
func TestMemberThatIsNotServedStartsNoCluster(t *testing.T) {
	t.Setenv("LOCKQUAKE_MEMBER", "{}")
	if _, err := cluster.Start(t.Context(), cluster.Config{}); err == nil || !strings.Contains(err.Error(), "ServeMember") {
		t.Errorf("start in a process that is to be a member: %v", err)
	}
}

func TestNothingSurvivesTheParent(t *testing.T) {
	for name, path := range map[string]string{"process": "", "binary": findEtcd()} {
		t.Run(name, func(t *testing.T) {
			if name == "binary" && path == "" {
				t.Skip(noEtcd)
			}
			ownTemp(t)
			parent := startParent(t, path)
			members := childrenOf(t, parent.Process.Pid)
			if stopped := countIn(members, "T"); len(members) != 3 || stopped != 1 {
				t.Errorf("%d members, %d of them stopped; want 3 and 1", len(members), stopped)
			}
			if err := parent.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = parent.Wait()
			for _, pid := range members {
				eventually(t, "member "+strconv.Itoa(pid)+" to end", func() bool {
					return stateOf(pid) == "" || stateOf(pid) == "Z" // somebody else's to wait for
				})
			}
			leftSwept(t)
		})
	}
}

func startParent(t *testing.T, etcdPath string) *exec.Cmd {
	t.Helper()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"="+etcdPath)
	said, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parent.Process.Kill(); _ = parent.Wait() })
	line, _ := bufio.NewReader(said).ReadString('\n')
	if line != "started <nil>\n" {
		t.Fatalf("the parent says %q", line)
	}
	return parent
}

// leftSwept expects a folder of a parent that was killed, and the next start to remove it.
func leftSwept(t *testing.T) {
	t.Helper()
	stale := look(t).folders
	if len(stale) != 1 {
		t.Errorf("folders %v are left, want one", stale)
	}
	_ = start(t, 1).Close()
	if left := look(t).folders; len(left) != 0 {
		t.Errorf("folders %v were not swept", left)
	}
}
