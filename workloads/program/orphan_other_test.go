//go:build !linux

package program_test

import (
	"errors"
	"syscall"
)

func beParent() {}

func lives(group int) bool { return !errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) }
