package program_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lockquake/workloads/lock"
	"lockquake/workloads/program"
)

// parentVariable makes this test's process a parent of a program, and nothing else.
const parentVariable = "LOCKQUAKE_TEST_PARENT"

func beParent() {
	dir, ok := os.LookupEnv(parentVariable)
	if !ok {
		return
	}
	env := lock.Env{Endpoints: func(context.Context) ([]string, error) { return nil, nil }, Dir: dir, ClientID: "c0", Name: "k0"}
	if _, err := program.Strategy("cd '"+dir+"'; sleep 1000 & "+loop(holds)+"; sleep 1000")(context.Background(), env); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("opened")
	select {}
}

// lives tells whether a process of a group runs. Some may have ended that nobody has waited for yet. (proc_pid_stat(5))
func lives(group int) bool {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	return slices.ContainsFunc(stats, func(path string) bool {
		stat, _ := os.ReadFile(path)
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		return len(fields) > 2 && fields[0] != "Z" && fields[2] == strconv.Itoa(group)
	})
}

// However this process ends, its programs end with it: also those that do not heed the end of their input, and what a
// program has started itself.
func TestProgramDoesNotOutliveUs(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"="+b.dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "opened\n" {
		t.Errorf("said %q, %v", line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	b.gone()
}
