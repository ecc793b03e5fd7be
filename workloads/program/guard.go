package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// guard is a process that does nothing but wait for the end of this one, whatever kills it, and then kills a program with
// all that it has started. (A parent-death signal would reach the shell only, and not what that has started.)
type guard struct {
	command *exec.Cmd
	alive   *os.File // its input ends when this process does
}

// ownGroup puts a process into a group of its own, which can be signalled as one and hears nothing of the terminal's
// Ctrl-C.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// guardOf watches over the group of a process.
func guardOf(group int) (*guard, error) {
	in, alive, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start a guard: %w", err)
	}
	g := &guard{exec.Command("sh", "-c", `read -r _; kill -s KILL -- "-$0"`, strconv.Itoa(group)), alive}
	g.command.Stdin, g.command.SysProcAttr = in, ownGroup()
	err = g.command.Start()
	_ = in.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a guard: %w", err), alive.Close())
	}
	return g, nil
}

// dismiss ends the guard before the group's number can be another's.
func (g *guard) dismiss() {
	_ = g.command.Process.Kill()
	_ = g.command.Wait()
	_ = g.alive.Close()
}
