package cluster

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// fromAnEndingThread calls start on a thread, and returns when the thread has ended.
func fromAnEndingThread(t *testing.T, start func() error) {
	t.Helper()
	thread := make(chan int)
	go onAThreadOfItsOwn(func() {
		if err := start(); err != nil {
			t.Error(err)
		}
		thread <- syscall.Gettid()
	})
	path := fmt.Sprintf("/proc/self/task/%d", <-thread)
	for deadline := time.Now().Add(readyTime); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for a thread to end", readyTime)
		}
	}
}

// newEcho is a child that has not been started, and repeats what it is told.
func newEcho(t *testing.T) (child *exec.Cmd, in io.WriteCloser, out *bufio.Reader) {
	t.Helper()
	child = exec.Command("cat")
	child.SysProcAttr = ChildAttributes()
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if child.ProcessState == nil {
			_ = child.Process.Kill()
			_ = child.Wait()
		}
	})
	return child, in, bufio.NewReader(pipe)
}

func TestSpawnedChildOutlivesTheThreadThatAskedForIt(t *testing.T) {
	spawner := NewSpawner()
	defer spawner.Close()
	child, in, out := newEcho(t)
	fromAnEndingThread(t, func() error { return spawner.Start(child) })
	_, _ = io.WriteString(in, "alive\n")
	if said, err := out.ReadString('\n'); said != "alive\n" {
		t.Errorf("the child says %q, %v", said, err)
	}
	_ = in.Close()
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

// Without the spawner it would not: to the kernel, a parent is a thread.
func TestOtherChildDiesWithItsThread(t *testing.T) {
	if err := ChildrenEnd(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStoppedIsReadBehindTheName(t *testing.T) {
	for stat, want := range map[string]bool{
		"42 (etcd) T 1 42":   true,
		"42 (etcd) S 1 42":   false,
		"42 (a) T) S 1 42":   false,
		"42 (a) S (b) T 1 4": true,
		"42 (etcd) t 1 42":   false, // a debugger's
		"":                   false,
	} {
		if got := isStopped([]byte(stat)); got != want {
			t.Errorf("%q is stopped: %t", stat, got)
		}
	}
}
