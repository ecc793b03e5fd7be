//go:build !linux

package cluster

import (
	"context"
	"syscall"
)

// ChildAttributes keep a child away from the terminal's Ctrl-C: members live until the last fault
// is healed. It dies with this process when its standard input ends.
func ChildAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// ChildrenEnd has nothing to try here: a child whose standard input ends does so, too.
func ChildrenEnd(context.Context) error { return nil }

// allStopped cannot be asked here: a signal sent must do.
func allStopped(int, bool) (bool, error) { return true, nil }
