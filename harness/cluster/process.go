package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

// stopTime bounds the wait for a process to stand still, or to go on.
const stopTime = 5 * time.Second

// process is a server in a process of its own.
type process struct {
	command *exec.Cmd
	stdin   io.Closer // the child ends when it does
	log     string    // its path
	inquiry *inquiry

	paused, killed atomic.Bool
	done           chan struct{} // closed when it has ended and was waited for
}

// startProcess returns when the server answers its peers, which may be before it has found them.
func (c *Cluster) startProcess(ctx context.Context, m *member) (*process, error) {
	command, err := c.command(m)
	if err != nil {
		return nil, err
	}
	m.removeSockets()
	p := &process{command: command, log: m.log.path, done: make(chan struct{})}
	if p.stdin, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.spawner.Start(command); err != nil {
		return nil, errors.Join(err, p.stdin.Close())
	}
	go p.wait()
	if err := p.becomesReady(ctx, m, c.config.Tick); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// command is the member as a process that was not yet started.
func (c *Cluster) command(m *member) (*exec.Cmd, error) {
	if c.binary != nil {
		return c.binary.command(m), nil
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(m.spec)
	if err != nil {
		return nil, err
	}
	return &exec.Cmd{
		Path:        executable,
		Args:        []string{"lockquake-member-" + m.name},
		Env:         append(os.Environ(), specVariable+"="+string(text)),
		Stderr:      m.log.file,
		SysProcAttr: ChildAttributes(),
	}, nil
}

func (p *process) wait() {
	_ = p.command.Wait()
	close(p.done)
}

// becomesReady waits until the server answers its peers. A given etcd has no other way to tell.
func (p *process) becomesReady(ctx context.Context, m *member, tick time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for {
		answered := m.answersPeers(ctx)
		if answered == nil {
			break
		}
		select {
		case <-p.done:
			return p.Ended()
		case <-ctx.Done():
			return fmt.Errorf("%w, peers' last answer: %s", ctx.Err(), answered.Error())
		case <-time.After(tick):
		}
	}
	inquiry, err := m.inquire(tick)
	p.inquiry = inquiry
	return err
}

func (p *process) Believes() (leader, term uint64, running bool) {
	if p.paused.Load() || p.isDone() {
		return 0, 0, false
	}
	leader, term = p.inquiry.ask()
	return leader, term, !p.isDone()
}

func (p *process) isDone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) Kill() {
	p.killed.Store(true)
	_ = p.command.Process.Kill()
	<-p.done
	if p.inquiry != nil {
		p.inquiry.close()
	}
}

func (p *process) Ended() error {
	if !p.isDone() || p.killed.Load() {
		return nil
	}
	return fmt.Errorf("it ended by itself: %s; the last line of %s: %.300s", p.command.ProcessState, p.log, lastLine(p.log))
}

func (p *process) Pause() error {
	p.paused.Store(true)
	err := p.signal(syscall.SIGSTOP, true)
	if err != nil {
		p.paused.Store(false)
	}
	return err
}

func (p *process) Resume() error {
	if err := p.signal(syscall.SIGCONT, false); err != nil {
		return err
	}
	p.paused.Store(false)
	return nil
}

// signal returns when the signal has stopped the process, or let it go on.
func (p *process) signal(signal os.Signal, stopped bool) error {
	if err := p.command.Process.Signal(signal); err != nil {
		return err
	}
	for deadline := time.Now().Add(stopTime); ; {
		switch reached, err := allStopped(p.command.Process.Pid, stopped); {
		case reached || err != nil:
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("%s had no effect within %v", signal, stopTime)
		}
		select {
		case <-p.done:
			return p.Ended()
		case <-time.After(time.Millisecond):
		}
	}
}
