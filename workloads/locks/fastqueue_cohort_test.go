package locks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lockquake/workloads/lock"
)

func (b *bed) cohort(env lock.Env) *Cohort {
	b.Helper()
	c, err := OpenCohort(b.ctx, env)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// inOrder is what an acquire in the background returned.
type inOrder struct {
	CohortHold
	err error
}

// joining has a goroutine wait behind those that wait in the cohort already.
func (b *bed) joining(ctx context.Context, c *Cohort) <-chan inOrder {
	b.Helper()
	before := c.inLine()
	answers := make(chan inOrder, 1)
	go func() {
		hold, err := c.AcquireInOrder(ctx)
		answers <- inOrder{hold, err}
	}()
	b.await("a goroutine more in line", func() bool { return c.inLine() == before+1 })
	return answers
}

func (c *Cohort) inLine() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}

func (b *bed) acquireInOrder(c *Cohort) CohortHold {
	b.Helper()
	hold, err := c.AcquireInOrder(b.ctx)
	if err != nil {
		b.Fatalf("acquire: %v", err)
	}
	return hold
}

func (b *bed) inTurn(waiting <-chan inOrder) CohortHold {
	b.Helper()
	got := receive(b, "the lock", waiting)
	if got.err != nil {
		b.Fatalf("acquire: %v", got.err)
	}
	return got.CohortHold
}

// unhurried is a cohort whose batches take as long as they need.
func (b *bed) unhurried(env lock.Env) *Cohort {
	c := b.cohort(env)
	c.time = time.Hour
	return c
}

func TestGoroutinesOfTwoCohortsExcludeEachOther(t *testing.T) {
	b := newBed(t)
	c := &crowd{}
	var visitors errgroup.Group
	for i := range 2 {
		cohort := b.cohort(b.env(fmt.Sprintf("c%d", i)))
		for range 4 {
			visitors.Go(func() error { return c.visit(b.ctx, ordered{cohort}, 5) })
		}
	}
	if err := visitors.Wait(); err != nil {
		b.Fatal(err)
	}
	if each := slices.Compact(slices.Clone(c.tokens)); c.most != 1 || !slices.IsSorted(c.tokens) || len(each) != 40 {
		b.Errorf("%d inside at once, want 1; orders %v are to grow", c.most, c.tokens)
	}
	b.wantKeys(0)
}

// ordered is a cohort whose tokens are orders.
type ordered struct{ *Cohort }

func (o ordered) Acquire(ctx context.Context) (lock.Hold, error) {
	h, err := o.AcquireInOrder(ctx)
	h.Token = h.Order()
	return h.Hold, err
}

// p: |acquire ok|-- hold --|release|
// q:    |acquire ................ok|-- hold --|release|      no request in between
// r:        |acquire ...............................ok|-- hold
func TestCohortHandsOnInOrderWithoutARequest(t *testing.T) {
	b := newBed(t)
	c := b.unhurried(b.env("a"))
	first := b.acquireInOrder(c)
	second, third := b.joining(b.ctx, c), b.joining(b.ctx, c)
	before := b.revision()
	last := first
	for _, waiting := range []<-chan inOrder{second, third} {
		b.release(last.Hold)
		next := b.inTurn(waiting)
		if next.Token != first.Token || next.Sequence != last.Sequence+1 || next.Order() <= last.Order() {
			b.Errorf("hold %+v after %+v, want the same batch and the next number", next, last)
		}
		last = next
	}
	if after := b.revision(); after != before {
		b.Errorf("%d requests for handoffs within the process", after-before)
	}
	b.release(last.Hold)
	b.wantKeys(0)
}

// The twin: the time of the batch is over, and others who wait at etcd come first.
func TestCohortGivesTheLockAwayWhenItsTimeIsOver(t *testing.T) {
	b := newBed(t)
	c := b.cohort(b.env("a"))
	c.time = 0
	first := b.acquireInOrder(c)
	mine := b.joining(b.ctx, c)
	_, waiting := b.behind(FastQueue, b.env("b"))
	b.release(first.Hold)
	others := b.granted(waiting)
	b.release(others)
	if next := b.inTurn(mine); next.Token <= others.Token || next.Sequence != 0 {
		b.Errorf("hold %+v after token %d, want a batch of its own behind that", next, others.Token)
	}
}

func TestCohortGivesTheLockAwayAfterSoManyHandoffs(t *testing.T) {
	b := newBed(t)
	c := b.unhurried(b.env("a"))
	last := b.acquireInOrder(c)
	var waiting []<-chan inOrder
	for range cohortHandoffs + 1 {
		waiting = append(waiting, b.joining(b.ctx, c))
	}
	_, others := b.behind(FastQueue, b.env("b"))
	for _, next := range waiting[:cohortHandoffs] {
		b.release(last.Hold)
		last = b.inTurn(next)
	}
	b.release(last.Hold)
	hold := b.granted(others)
	b.release(hold)
	if next := b.inTurn(waiting[cohortHandoffs]); last.Sequence != cohortHandoffs || next.Sequence != 0 || next.Order() <= last.Order() {
		b.Errorf("hold %+v after %+v, want another batch", next, last)
	}
}

// The number in the batch must never reach into the revision.
func TestOrderGrowsFromBatchToBatch(t *testing.T) {
	last := CohortHold{Hold: lock.Hold{Token: 7}, Sequence: cohortHandoffs}
	next := CohortHold{Hold: lock.Hold{Token: 8}}
	if last.Order() >= next.Order() {
		t.Errorf("order %d of the last of a batch, %d of the first of the next", last.Order(), next.Order())
	}
	tooLong := CohortHold{Hold: lock.Hold{Token: 7}, Sequence: 1 << sequenceBits}
	if tooLong.Order() != next.Order() {
		t.Errorf("order %d: there is room for more than %d handoffs now", tooLong.Order(), tooLong.Sequence-1)
	}
}

func TestCohortSecondReleaseSparesTheNextHold(t *testing.T) {
	b := newBed(t)
	c := b.unhurried(b.env("a"))
	first := b.acquireInOrder(c)
	waiting := b.joining(b.ctx, c)
	b.release(first.Hold)
	second := b.inTurn(waiting)
	if err := first.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("second release: %v, want not held", err)
	}
	b.release(second.Hold)
	b.wantKeys(0)
}

func TestCohortWaiterThatQuitsLeavesTheOthers(t *testing.T) {
	b := newBed(t)
	c := b.unhurried(b.env("a"))
	first := b.acquireInOrder(c)
	ctx, cancel := context.WithCancel(b.ctx)
	quitter, stayer := b.joining(ctx, c), b.joining(b.ctx, c)
	cancel()
	b.wantDefinite(receive(b, "the one that quits", quitter).err, true)
	b.release(first.Hold)
	b.inTurn(stayer)
}

// Nobody is left who would want the place at etcd.
func TestCohortGivesUpThePlaceOfWhoQuits(t *testing.T) {
	b := newBed(t)
	holder := b.acquire(b.open(FastQueue, b.env("a")))
	c := b.cohort(b.env("b"))
	ctx, cancel := context.WithCancel(b.ctx)
	quitters := []<-chan inOrder{b.joining(ctx, c), b.joining(ctx, c)}
	b.await("the place in line", func() bool { return len(b.keys()) == 2 })
	cancel()
	for _, quitter := range quitters {
		b.wantDefinite(receive(b, "one that quits", quitter).err, true)
	}
	if keys := b.keys(); !slices.Equal(keys, []string{holder.Key}) {
		b.Errorf("keys %v, want only the holder's", keys)
	}
}

// The waiter quits while the place for it is asked for.
func TestCohortGivesUpThePlaceThatCameTooLate(t *testing.T) {
	b := newBed(t)
	env := b.env("a")
	c := b.cohort(env)
	c.time = 0
	first := b.acquireInOrder(c)
	ctx, cancel := context.WithCancel(b.ctx)
	waiting := b.joining(ctx, c)
	hooked{committed: func() bool {
		cancel()
		b.wantDefinite(receive(b, "the one that quits", waiting).err, true)
		return false
	}}.into(env.Client)
	b.release(first.Hold)
	b.wantKeys(0)
}

// p: |acquire ok|-- hold, its lease is revoked ------------
// q:    |acquire ...........................ok|-- hold         p never releases
func TestCohortGoesOnWhenAHoldIsLost(t *testing.T) {
	b := newBed(t)
	c := b.unhurried(b.env("a"))
	stale := b.acquireInOrder(c)
	waiting := b.joining(b.ctx, c)
	b.revoke(stale.Lease)
	next := b.inTurn(waiting)
	receive(b, "lost", stale.Lost)
	if next.Lease == stale.Lease || next.Order() <= stale.Order() {
		b.Errorf("hold %+v after %+v, want a new lease and a greater order", next, stale)
	}
	if err := stale.Release(b.ctx); !errors.Is(err, lock.ErrNotHeld) {
		b.Errorf("release: %v, want not held", err)
	}
	b.wantKeys(1)
}

// The timer of the lease is late: nobody is told yet, but the clock says it.
func TestCohortHandsOnNothingPastTheDeadline(t *testing.T) {
	c := &Cohort{handoffs: cohortHandoffs}
	for name, left := range map[string]time.Duration{"past": -time.Nanosecond, "not yet": time.Hour} {
		lease := &trustedLease{gone: make(chan struct{}), deadline: time.Now().Add(left)}
		b := &batch{ticket: newTicket("me", lease), until: time.Now().Add(time.Hour)}
		if c.goesOn(b) != (left > 0) {
			t.Errorf("%s: the batch goes on: %t", name, c.goesOn(b))
		}
	}
}

func TestCohortCloseFailsAllThatWait(t *testing.T) {
	b := newBed(t)
	holder := b.acquire(b.open(FastQueue, b.env("a")))
	atEtcd, inside := b.cohort(b.env("b")), b.unhurried(b.env("c"))
	waiting := []<-chan inOrder{b.joining(b.ctx, atEtcd), b.joining(b.ctx, atEtcd)}
	b.release(holder)
	b.release(b.inTurn(waiting[0]).Hold)
	b.release(b.inTurn(waiting[1]).Hold)
	b.acquireInOrder(inside)
	waiting = []<-chan inOrder{b.joining(b.ctx, atEtcd), b.joining(b.ctx, inside)}
	for _, c := range []*Cohort{atEtcd, inside} {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
		_, err := c.Acquire(b.ctx)
		b.wantDefinite(err, true)
	}
	for _, w := range waiting {
		if got := receive(b, "a waiter", w); !errors.Is(got.err, errClosed) {
			b.Errorf("waiter: %v, want that the lock is closed", got.err)
		}
	}
	b.wantKeys(0)
}

func TestCohortWaitersFailTogetherWhenTheClientIsClosed(t *testing.T) {
	b := newBed(t)
	b.acquire(b.open(FastQueue, b.env("a")))
	env := b.env("b")
	c := b.cohort(env)
	waiting := []<-chan inOrder{b.joining(b.ctx, c), b.joining(b.ctx, c)}
	_ = env.Client.Close()
	for _, w := range waiting {
		if got := receive(b, "a waiter", w); got.err == nil {
			b.Error("acquired with a closed client")
		}
	}
}
