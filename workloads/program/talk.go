package program

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"lockquake/workloads/lock"
)

// maxLine bounds what a program says at a time.
const maxLine = 64 << 10

// answer is what a program said to a request, and a channel that closes when what it acquired is lost.
type answer struct {
	said
	lost <-chan struct{}
}

// talk is the conversation with a process. One goroutine asks; listen hears.
type talk struct {
	process *process
	env     lock.Env
	answers chan answer
	over    chan struct{} // closed: nothing more will be heard

	waiting bool // an answer will come; of the goroutine that asks, as is the number of the last request
	number  int64
	renewed map[int64]bool // leases that were told of; of listen

	mu       sync.Mutex
	asked    request       // the last request
	answered bool          // it was
	lost     chan struct{} // of the hold; nil: there is none, or it is lost
	breach   error         // of the protocol
}

func newTalk(p *process, env lock.Env) *talk {
	return &talk{
		process: p, env: env, answers: make(chan answer, 1), over: make(chan struct{}),
		renewed: map[int64]bool{}, answered: true,
	}
}

// ask gives the answer to a request, which may be an error. Other errors say that there was none; one that wraps
// lock.ErrDefinite, that nothing was asked.
func (t *talk) ask(ctx context.Context, r request) (answer, error) {
	if err := t.settle(ctx); err != nil {
		return answer{}, definite(err)
	}
	if err := ctx.Err(); err != nil {
		return answer{}, definite(err)
	}
	return t.exchange(ctx, r)
}

// settle waits for the answer to an earlier request that was not waited for, and gives back a lock that was
// acquired by it.
func (t *talk) settle(ctx context.Context) error {
	if !t.waiting {
		return nil
	}
	earlier := t.asked.Op
	a, err := t.await(ctx)
	if err == nil && earlier == opAcquire && a.OK {
		_, err = t.exchange(ctx, request{Op: opRelease})
	}
	if err != nil {
		return fmt.Errorf("an earlier %s: %w", earlier, err)
	}
	return nil
}

func (t *talk) exchange(ctx context.Context, r request) (answer, error) {
	t.number++
	r.ID = t.number
	if deadline, ok := ctx.Deadline(); ok {
		r.Timeout = max(1, time.Until(deadline).Milliseconds())
	}
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	t.mu.Lock()
	t.asked, t.answered = r, false
	t.mu.Unlock()
	t.waiting = true
	if _, err := t.process.stdin.Write(append(line, '\n')); err != nil {
		if !t.process.endsWithin(grace) {
			t.end(fmt.Errorf("it cannot be asked: %w", err))
		}
		return answer{}, definite(t.silence())
	}
	return t.await(ctx)
}

func (t *talk) await(ctx context.Context) (answer, error) {
	select {
	case a := <-t.answers:
		t.waiting = false
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-t.over:
	}
	select {
	case a := <-t.answers: // the last thing that it said
		t.waiting = false
		return a, nil
	default:
		return answer{}, t.silence()
	}
}

// silence says why the program says nothing more.
func (t *talk) silence() error {
	<-t.over
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.breach != nil {
		return t.breach
	}
	return t.process.how()
}

// listen hears what the program says, until it ends. What is no word of the protocol ends it.
func (t *talk) listen() {
	defer close(t.over)
	defer t.lose()
	lines := bufio.NewScanner(t.process.stdout)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := t.hear(lines.Bytes()); err != nil {
			t.end(fmt.Errorf("it wrote to its standard output what is no answer: %.200q: %w", printable(lines.Bytes()), err))
			return
		}
	}
	switch {
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		t.end(fmt.Errorf("it wrote a line of more than %d bytes to its standard output", maxLine))
	case t.process.endsWithin(grace):
	case lines.Err() == nil:
		t.end(errors.New("it closed its standard output, so that it cannot answer any more"))
	default:
		t.end(lines.Err())
	}
}

// end ends the program for a breach of the protocol.
func (t *talk) end(breach error) {
	breach = errors.Join(fmt.Errorf("%w%s", breach, t.process.log.lastWords()), t.process.kill())
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.breach == nil {
		t.breach = breach
	}
}

// printable makes a string of bytes that may be anything.
func printable(line []byte) string {
	if utf8.Valid(line) {
		return string(line)
	}
	return fmt.Sprintf("%x", line)
}

func (t *talk) hear(line []byte) error {
	s, err := parse(line)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("an empty line")
	case err != nil:
		return err
	case s.Event == eventLost:
		t.lose()
	case s.Event == eventRenew:
		t.renew(s)
	default:
		return t.answer(s)
	}
	return nil
}

func (t *talk) answer(s said) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if int64(*s.ID) != t.asked.ID || t.answered {
		return fmt.Errorf("request %d is not waiting for an answer", *s.ID)
	}
	t.answered = true
	if t.asked.Op == opAcquire && s.OK {
		t.lost = make(chan struct{})
	} else {
		t.lost = nil
	}
	t.answers <- answer{s, t.lost}
	return nil
}

// lose ends the hold.
func (t *talk) lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost != nil {
		close(t.lost)
		t.lost = nil
	}
}

// renew tells of a lease, the first time as of one that was granted.
func (t *talk) renew(s said) {
	tell := t.env.Renewed
	if lease := int64(s.Lease); !t.renewed[lease] {
		t.renewed[lease] = true
		tell = t.env.Granted
	}
	if tell != nil {
		tell(int64(s.Lease), time.Duration(s.TTL)*time.Millisecond, s.sent(time.Now()))
	}
}
