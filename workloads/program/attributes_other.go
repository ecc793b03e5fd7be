//go:build !linux

package program

import "syscall"

// attributes put a program into a group of its own, which can be signalled as one and hears nothing of the terminal's
// Ctrl-C. When this process dies, its input ends.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
