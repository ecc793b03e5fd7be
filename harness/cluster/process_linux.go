package cluster

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// childAttributes make a child die with this process, whatever kills that, and keep it away from
// the terminal's Ctrl-C: members live until the last fault is healed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
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
