package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// leaving is how long a program has to end when its input ends: it may have to reach etcd for that.
	leaving = 3 * time.Second
	// grace is how long it has after a signal, and what it has left in its pipes to be read.
	grace = time.Second
)

// process is a program that was started, with all that it starts itself.
type process struct {
	command *exec.Cmd
	stdin   *os.File // our ends of its pipes
	stdout  *os.File
	log     log

	killed atomic.Bool   // by us, and not for a mistake
	done   chan struct{} // closed: it has ended, and all that it has started is killed
}

// start runs a command by sh.
func start(command string, log log) (*process, error) {
	p := &process{command: exec.Command("sh", "-c", command), log: log, done: make(chan struct{})}
	p.command.SysProcAttr = ownGroup()
	in, out, err := p.pipes()
	if err != nil {
		return nil, err
	}
	p.command.Stdin, p.command.Stdout, p.command.Stderr = in, out, log.file
	started := make(chan error, 1)
	go p.live(started)
	err = <-started
	_, _ = in.Close(), out.Close()
	if err != nil {
		return nil, errors.Join(err, p.closeFiles())
	}
	return p, nil
}

// pipes gives the program's ends.
func (p *process) pipes() (in, out *os.File, err error) {
	if in, p.stdin, err = os.Pipe(); err != nil {
		return nil, nil, errors.Join(err, p.log.close())
	}
	if p.stdout, out, err = os.Pipe(); err != nil {
		return nil, nil, errors.Join(err, in.Close(), p.stdin.Close(), p.log.close())
	}
	return in, out, nil
}

// live is the process from its start to its end.
func (p *process) live(started chan<- error) {
	if err := p.command.Start(); err != nil {
		started <- err
		return
	}
	guard, err := guardOf(p.command.Process.Pid)
	if err != nil {
		p.send(syscall.SIGKILL)
		_ = p.command.Wait()
		started <- err
		return
	}
	started <- nil
	_ = p.command.Wait()
	p.send(syscall.SIGKILL) // to what it has left behind; the kernel does not give its number away so soon
	guard.dismiss()
	_ = p.stdout.SetReadDeadline(time.Now().Add(grace))
	close(p.done)
}

// send signals the program and all that it has started.
func (p *process) send(signal syscall.Signal) {
	_ = syscall.Kill(-p.command.Process.Pid, signal) // fails where nobody is left
}

// signal leaves one alone that has ended: its number may be another's by now.
func (p *process) signal(signal syscall.Signal) {
	if !p.hasEnded() {
		p.send(signal)
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) endsWithin(limit time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(limit):
		return false
	}
}

// kill returns when it has ended, and an error if it does not.
func (p *process) kill() error {
	p.signal(syscall.SIGKILL)
	if !p.endsWithin(grace) {
		return fmt.Errorf("process %d did not end within %v of SIGKILL", p.command.Process.Pid, grace)
	}
	return nil
}

// end asks it to end, more and more firmly, and says what was needed.
func (p *process) end() error {
	_ = p.stdin.Close()
	if p.endsWithin(leaving) {
		return p.failure()
	}
	p.signal(syscall.SIGTERM)
	p.signal(syscall.SIGCONT)
	if p.endsWithin(grace) {
		return fmt.Errorf("it did not end within %v of the end of its input, but by SIGTERM%s", leaving, p.log.lastWords())
	}
	if err := p.kill(); err != nil {
		return err
	}
	return fmt.Errorf("neither the end of its input nor SIGTERM ended it within %v: it was killed%s", leaving+grace, p.log.lastWords())
}

// failure says how it ended, nil if that was well, or was our doing.
func (p *process) failure() error {
	if p.killed.Load() || p.command.ProcessState.Success() {
		return nil
	}
	return p.how()
}

func (p *process) how() error {
	return fmt.Errorf("it has ended: %s%s", p.command.ProcessState, p.log.lastWords())
}

func (p *process) closeFiles() error {
	_ = p.stdin.Close() // may be closed already
	return errors.Join(p.stdout.Close(), p.log.close())
}
