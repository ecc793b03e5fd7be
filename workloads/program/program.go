package program

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// startTime is how long a program may take to answer init: many may start at once, on a busy machine.
const startTime = 30 * time.Second

// Strategy opens locks that are the doing of a program, by a command of sh. They are of kind lock.Program.
func Strategy(command string) lock.Strategy {
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		p := &program{command: command}
		if err := p.open(ctx, env); err != nil {
			return nil, p.blame(err)
		}
		return p, nil
	}
}

// program is a lock.Program.
type program struct {
	command string
	process *process
	talk    *talk
}

func (p *program) open(ctx context.Context, env lock.Env) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if env.Endpoints == nil {
		return errors.New("it is given no endpoints")
	}
	endpoints, err := env.Endpoints(ctx)
	if err != nil {
		return err
	}
	log, err := openLog(env)
	if err != nil {
		return err
	}
	if p.process, err = start(p.command, log); err != nil {
		return err
	}
	p.talk = newTalk(p.process, env)
	go p.talk.listen()
	if err := p.greet(ctx, env, endpoints); err != nil {
		err = errors.Join(err, p.process.kill())
		_ = p.closeRest() // that is what err says
		return err
	}
	return nil
}

func (p *program) greet(ctx context.Context, env lock.Env, endpoints []string) error {
	a, err := p.talk.ask(ctx, request{Op: opInit, opening: &opening{
		Name: env.Name, TTL: env.TTL.Milliseconds(), ClientID: env.ClientID, Endpoints: endpoints,
	}})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer to init within %v%s", startTime, p.process.log.lastWords())
	case err != nil:
		return err
	}
	return a.err()
}

// blame says whose an error is.
func (p *program) blame(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("program %q: %w", p.command, err)
}

// Acquire's error is the program's word, definite if it says so.
func (p *program) Acquire(ctx context.Context) (lock.Hold, error) {
	a, err := p.talk.ask(ctx, request{Op: opAcquire})
	if err == nil {
		err = a.err()
	}
	if err != nil {
		return lock.Hold{}, p.blame(err)
	}
	return lock.Hold{
		Token: int64(a.Token), Key: a.Key, Lease: clientv3.LeaseID(a.Lease), Lost: a.lost, Release: p.release,
	}, nil
}

func (p *program) release(ctx context.Context) error {
	a, err := p.talk.ask(ctx, request{Op: opRelease})
	if err == nil {
		err = a.err()
	}
	return p.blame(err)
}

// Pause stops the program and all that it has started; one that has ended stands still as it is.
func (p *program) Pause() error { p.process.signal(syscall.SIGSTOP); return nil }

// Resume lets it go on.
func (p *program) Resume() error { p.process.signal(syscall.SIGCONT); return nil }

// Kill ends it with nothing said.
func (p *program) Kill() error {
	p.process.killed.Store(true)
	return p.blame(p.process.kill())
}

// Close ends the program. Its error says that it did not end by itself, or not well.
func (p *program) Close() error {
	err := p.process.end()
	if rest := p.closeRest(); rest != nil {
		err = rest
	}
	return p.blame(err)
}

// closeRest returns when nothing of a process that has ended is left.
func (p *program) closeRest() error {
	<-p.talk.over
	_ = p.process.closeFiles()
	p.talk.mu.Lock()
	defer p.talk.mu.Unlock()
	return p.talk.breach
}
