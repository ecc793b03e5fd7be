package program

import "syscall"

// attributes put a program into a group of its own, which can be signalled as one and hears nothing of the terminal's
// Ctrl-C, and have it killed when this process dies, whatever kills that.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
