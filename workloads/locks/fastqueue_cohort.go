package locks

import (
	"context"
	"slices"
	"sync"
	"time"

	"lockquake/workloads/lock"
)

// Limits of a cohort's batch: whichever is met first.
const (
	cohortHandoffs = 16
	cohortTime     = 50 * time.Millisecond
)

// sequenceBits are enough for the sequence of a hold in its batch.
const sequenceBits = 5

// FastQueueCohort is FastQueue for many goroutines of one process: its Lock is a *Cohort.
//
// Protocol: goroutines wait for each other in a line of their own, first come, first served, and have one place in
// line at etcd for all. Once it is theirs the lock goes from one to the next without a request: at most 16 times, and
// not after 50 ms. Then it goes to others, and if there is still somebody here, the place behind them is taken in the
// same request (FastQueue's Requeue).
//
// Requests: those of FastQueue for each batch, so 1/17 for each acquire where many goroutines wait. A waiter
// watches nothing more. The token is the create revision of the batch's key, for all holds of a batch; see
// CohortHold for a number that grows within it.
//
// It promises what FastQueue does. Besides, what becomes of the batch's key becomes of the whole process: if the lease
// ends while they wait for etcd, all waiters fail. One client of a harness has one goroutine, and so its batches are
// of one hold, and their tokens grow.
func FastQueueCohort(ctx context.Context, env lock.Env) (lock.Lock, error) {
	c, err := OpenCohort(ctx, env)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Cohort is a lock that all goroutines of a process use at the same time, unlike any other lock.Lock.
type Cohort struct {
	queue    *fastQueue
	handoffs int64
	time     time.Duration
	running  sync.WaitGroup

	mu      sync.Mutex
	waiting []*visitor
	stop    context.CancelFunc // gives up what is waited for at etcd; nil: nothing is
	busy    bool               // a goroutine uses queue
	batch   *batch             // nil: etcd's lock is not here
	closed  bool
}

// CohortHold is a hold with its place in the batch.
type CohortHold struct {
	lock.Hold
	Sequence int64 // 0, 1, 2, ... in the order of the batch; at most 16
}

// Order grows from each hold to the next, within a batch and beyond: a token for resources outside of etcd, which
// refuse all that come with less than the greatest they have seen. It must not be mixed with tokens that are create
// revisions: all that use the lock have to be of cohorts. In etcd itself compare the create revision of Key with Token:
// that keeps out other processes, and leaves it to the goroutines of this one that none writes after its release.
func (h CohortHold) Order() int64 { return h.Token<<sequenceBits + h.Sequence }

// batch is etcd's lock while it goes from one goroutine to the next.
type batch struct {
	hold   lock.Hold
	ticket *ticket
	until  time.Time
	handed int64
	over   chan struct{} // closed when the last has released it
}

// visitor is a goroutine that waits.
type visitor struct {
	quits bool // and only waits to learn whether it has the lock all the same
	turn  chan visit
}

type visit struct {
	hold CohortHold
	err  error
}

// OpenCohort opens the lock for all goroutines of this process.
func OpenCohort(ctx context.Context, env lock.Env) (*Cohort, error) {
	queue, err := openQueue(ctx, env, oldest)
	if err != nil {
		return nil, err
	}
	return &Cohort{queue: queue, handoffs: cohortHandoffs, time: cohortTime}, nil
}

// Acquire is AcquireInOrder without the place in the batch.
func (c *Cohort) Acquire(ctx context.Context) (lock.Hold, error) {
	h, err := c.AcquireInOrder(ctx)
	return h.Hold, err
}

// AcquireInOrder waits for the lock, behind all goroutines of this process that came before. Its errors are those of
// lock.Lock.
func (c *Cohort) AcquireInOrder(ctx context.Context) (CohortHold, error) {
	if err := ctx.Err(); err != nil {
		return CohortHold{}, definite(err)
	}
	v := &visitor{turn: make(chan visit, 1)}
	if err := c.join(v); err != nil {
		return CohortHold{}, err
	}
	select {
	case got := <-v.turn:
		return got.hold, got.err
	case <-ctx.Done():
		return c.quit(v, ctx.Err())
	}
}

func (c *Cohort) join(v *visitor) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return definite(errClosed)
	}
	c.waiting = append(c.waiting, v)
	c.fetch()
	return nil
}

// quit leaves the line. The last one that waits for etcd's lock calls that off, and has to wait for how it ended.
func (c *Cohort) quit(v *visitor, cause error) (CohortHold, error) {
	c.mu.Lock()
	v.quits = true
	i := slices.Index(c.waiting, v)
	if i >= 0 && c.stop != nil && !slices.ContainsFunc(c.waiting, func(v *visitor) bool { return !v.quits }) {
		c.stop()
	} else if i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
		v.turn <- visit{err: definite(cause)}
	}
	c.mu.Unlock()
	got := <-v.turn
	return got.hold, got.err
}

// fetch goes for etcd's lock, if somebody waits for it and nobody has or fetches it.
func (c *Cohort) fetch() {
	if c.busy || c.batch != nil || len(c.waiting) == 0 {
		return
	}
	ctx, stop := context.WithCancel(c.queue.life)
	c.busy, c.stop = true, stop
	c.running.Go(func() {
		defer stop()
		hold, err := c.queue.Acquire(ctx)
		c.fetched(ctx, hold, err)
	})
}

func (c *Cohort) fetched(ctx context.Context, hold lock.Hold, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy, c.stop = false, nil
	if err == nil {
		c.begin(&batch{hold: hold, ticket: c.queue.held, until: time.Now().Add(c.time), over: make(chan struct{})})
		return
	}
	calledOff := ctx.Err() != nil && c.queue.life.Err() == nil
	c.fail(err, func(v *visitor) bool { return v.quits || !calledOff })
	c.fetch()
}

// begin gives the lock to the first who waits. Where it is lost, the others do not wait for its release.
func (c *Cohort) begin(b *batch) {
	c.batch = b
	c.running.Go(func() {
		select {
		case <-b.ticket.gone:
			c.lost(b)
		case <-b.over:
		}
	})
	c.hand()
}

func (c *Cohort) lost(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.batch == b {
		c.batch = nil
		c.fetch()
	}
}

// hand gives the lock to the first who waits.
func (c *Cohort) hand() {
	b, v := c.batch, c.waiting[0]
	c.waiting = c.waiting[1:]
	h := CohortHold{Hold: b.hold, Sequence: b.handed}
	h.Release = func(ctx context.Context) error { return c.release(ctx, b, h.Sequence) }
	v.turn <- visit{hold: h}
}

func (c *Cohort) fail(err error, whom func(*visitor) bool) {
	c.waiting = slices.DeleteFunc(c.waiting, func(v *visitor) bool {
		if whom(v) {
			v.turn <- visit{err: err}
			return true
		}
		return false
	})
}

func (c *Cohort) release(ctx context.Context, b *batch, sequence int64) error {
	handed, again, err := c.handOn(b, sequence)
	if handed || err != nil {
		return err
	}
	err = c.giveBack(ctx, b, again)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	c.fetch()
	return err
}

// handOn gives the lock to the next here, or ends the batch; again tells that somebody waits for the next one.
func (c *Cohort) handOn(b *batch, sequence int64) (handed, again bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.batch != b || b.handed != sequence {
		return false, false, lock.ErrNotHeld
	}
	again = len(c.waiting) > 0
	if again && c.goesOn(b) {
		b.handed++
		c.hand()
		return true, again, nil
	}
	close(b.over)
	c.batch, c.busy = nil, true
	return false, again, nil
}

// goesOn tells whether a batch has another hold to give.
func (c *Cohort) goesOn(b *batch) bool {
	return b.handed < c.handoffs && time.Now().Before(b.until) && !isClosed(b.ticket.gone) && b.ticket.lease.trusted()
}

// giveBack releases etcd's lock. A place that was taken for those who have left meanwhile is given up.
func (c *Cohort) giveBack(ctx context.Context, b *batch, again bool) error {
	if !again {
		return b.hold.Release(ctx)
	}
	err := c.queue.Requeue(ctx, b.hold)
	c.mu.Lock()
	left := len(c.waiting) == 0
	c.mu.Unlock()
	if left {
		c.queue.forgo()
	}
	return err
}

// Close gives up etcd's lock, and all who wait for it fail.
func (c *Cohort) Close() error {
	c.mu.Lock()
	c.closed = true
	if c.stop == nil {
		c.fail(definite(errClosed), func(*visitor) bool { return true })
	}
	c.mu.Unlock()
	err := c.queue.Close()
	c.running.Wait()
	return err
}
