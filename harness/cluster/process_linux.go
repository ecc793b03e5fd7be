package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// ChildAttributes make a child die with this process, whatever kills that, and keep it away from
// the terminal's Ctrl-C: members live until the last fault is healed.
func ChildAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// ChildrenEnd tries whether a child process ends when its parent is killed. To the kernel a parent is the thread that
// forked the child, so one that ends will do. The error says what the child did instead.
func ChildrenEnd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	child := exec.CommandContext(ctx, "sh", "-c", "read line") // for as long as its input is open
	child.SysProcAttr = ChildAttributes()
	in, err := child.StdinPipe()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	started := make(chan error, 1)
	go onAThreadOfItsOwn(func() { started <- child.Start() })
	if err := <-started; err != nil {
		return err
	}
	_ = child.Wait() // how it ended is in its state
	if ctx.Err() != nil {
		return fmt.Errorf("it went on for %v after the end of its parent: %w", stopTime, ctx.Err())
	}
	if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		return fmt.Errorf("it ended by %s instead of by its parent's end", child.ProcessState)
	}
	return nil
}

// onAThreadOfItsOwn calls f on a thread that ends with the goroutine, which the process's first never does.
func onAThreadOfItsOwn(f func()) {
	runtime.LockOSThread()
	if syscall.Gettid() != os.Getpid() {
		f()
		return
	}
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		onAThreadOfItsOwn(f)
	}()
	<-done
}

// allStopped tells whether a process's threads all stand still, or all do not.
func allStopped(pid int, stopped bool) (bool, error) {
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false, err
	}
	for _, path := range stats {
		if stat, err := os.ReadFile(path); err == nil && isStopped(stat) != stopped {
			return false, nil
		}
	}
	return len(stats) > 0, nil
}

// isStopped reads the state behind the command's name, which stands in parentheses and may hold any
// byte. (proc_pid_stat(5))
func isStopped(stat []byte) bool {
	state := bytes.TrimSpace(stat[bytes.LastIndexByte(stat, ')')+1:])
	return len(state) > 0 && state[0] == 'T'
}
