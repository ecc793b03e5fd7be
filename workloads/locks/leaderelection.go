package locks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lockquake/workloads/lock"
)

// Like client-go's defaults of 15 s, 10 s and 2 s, each in proportion to the duration that a record is good for.
const (
	renewDeadline = 10. / 15
	retryPeriod   = 2. / 15
)

// LeaderElection is the election of Kubernetes' client-go (tools/leaderelection, whose record is kept in an
// object that etcd stores), done on etcd itself: without leases of etcd, on the clients' own clocks.
//
// Protocol: the key that is called like the lock has as its value a record that says who leads, since when,
// when it was renewed last, for how long that is good, and how often the leader has changed. Whoever wants
// to lead reads it each retry period. Where it names nobody, or has not changed for its whole duration *as seen
// by this client's clock*, the client writes itself into it, on condition that its mod revision is still
// the one that was read. The leader does the same each retry period, to renew; when that did not work for
// the renew deadline, Lost is closed. Release stops renewing and writes a record that names nobody; so does
// Close. The record itself stays for ever. The duration is Env.TTL.
//
// Two things are not as in client-go: it adds chance to the retry period, here it is fixed, because plans draw
// all chance; and its leader that finds another's record tries on, here it has lost.
//
// Requests: Get and Txn to acquire, Get and Txn for each renewal and to release; a Get for each retry of a
// waiter, which watches nothing. A hold has no lease and no key of its own; the token is the mod revision of
// the record in which the client came to lead, so only a resource that compares tokens itself can fence.
//
// Hazards: nothing in etcd ends a hold. A leader that is paused past the duration goes on (pause-no-fence); so
// does one whose clock runs much slower than others', and one that was answered late, because it counts its
// deadline from the answer and the others count from the write. A client that starts again under its old
// identity goes on leading at once. It promises exclusive in calm, and nothing for an unfenced resource under faults.
func LeaderElection(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &leaderElection{leaderRecords: leaderRecords{env: env}}, nil
}

type leaderElection struct {
	leaderRecords
	tenure *tenure // nil: none that could still be renewed or released
}

// tenure is the time of one hold.
type tenure struct {
	term int // LeaderTransitions of its records
	stop context.CancelFunc
	lost chan struct{}
}

// Acquire fails definitely where each of its writes was answered. Like client-go it does not end because of a
// request without an answer, but tries again.
func (l *leaderElection) Acquire(ctx context.Context) (lock.Hold, error) {
	return l.leadBy(ctx, l.campaign)
}

func (l *leaderElection) TryAcquire(ctx context.Context) (lock.Hold, error) {
	return l.leadBy(ctx, l.try)
}

// leadBy begins a hold if a way to come to lead worked.
func (l *leaderElection) leadBy(ctx context.Context, way func(context.Context) error) (lock.Hold, error) {
	l.endTenure()
	l.doubt = nil
	err := way(ctx)
	if err == nil {
		return l.lead(), nil
	}
	if l.doubt == nil {
		err = definite(err)
	}
	return lock.Hold{}, fmt.Errorf("acquire %s: %w", l.env.Name, err)
}

// campaign tries until it worked.
func (l *leaderElection) campaign(ctx context.Context) error {
	for {
		err := l.try(ctx)
		if err == nil || l.env.Client.Ctx().Err() != nil {
			return err
		}
		if err := pause(ctx, l.retryPeriod()); err != nil {
			return err
		}
	}
}

func (l *leaderElection) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	if err := l.look(ctx); err != nil {
		return err
	}
	if l.seen.isHeldFrom(l.env.ClientID, time.Now()) {
		return lock.ErrTaken
	}
	return l.write(ctx, l.seen.taken(l.env, time.Now()))
}

// lead begins the hold of the record that was just written.
func (l *leaderElection) lead() lock.Hold {
	ctx, stop := context.WithCancel(l.env.Client.Ctx())
	t := &tenure{l.seen.record.LeaderTransitions, stop, make(chan struct{})}
	l.tenure = t
	token := l.seen.revision // read before it is renewed
	go func() {
		defer close(t.lost)
		l.keep(ctx, t)
	}()
	return lock.Hold{
		Token:   token,
		Lost:    t.lost,
		Release: func(ctx context.Context) error { return l.release(ctx, t) },
	}
}

// keep renews the record until that did not work for the renew deadline, or ctx ends. Until then it alone
// uses the records.
func (l *leaderElection) keep(ctx context.Context, t *tenure) {
	for pause(ctx, l.retryPeriod()) == nil {
		if l.renew(ctx, t) != nil {
			return
		}
	}
}

// renew tries until a try worked, for the renew deadline.
func (l *leaderElection) renew(ctx context.Context, t *tenure) error {
	ctx, cancel := context.WithTimeout(ctx, l.part(renewDeadline))
	defer cancel()
	for {
		err := l.renewOnce(ctx, t)
		if err == nil || errors.Is(err, lock.ErrNotHeld) {
			return err
		}
		if err := pause(ctx, l.retryPeriod()); err != nil {
			return err
		}
	}
}

// renewOnce leaves time for another try where a request hangs.
func (l *leaderElection) renewOnce(ctx context.Context, t *tenure) error {
	ctx, cancel := context.WithTimeout(ctx, l.part(renewDeadline/2))
	defer cancel()
	return l.rewrite(ctx, t, leaderRecord.renewed)
}

// rewrite changes the record, if it is still of the tenure.
func (l *leaderElection) rewrite(ctx context.Context, t *tenure, change func(leaderRecord, time.Time) leaderRecord) error {
	if err := l.look(ctx); err != nil {
		return err
	}
	if was := l.seen.record; was.HolderIdentity != l.env.ClientID || was.LeaderTransitions != t.term {
		return lock.ErrNotHeld
	}
	return l.write(ctx, change(l.seen.record, time.Now()))
}

// release writes a record that names nobody. A renewal that had no answer can come in between.
func (l *leaderElection) release(ctx context.Context, t *tenure) error {
	if l.tenure != t {
		return lock.ErrNotHeld // since then the client acquired again, or released
	}
	l.endTenure()
	err := l.rewrite(ctx, t, leaderRecord.released)
	for errors.Is(err, errOvertaken) && ctx.Err() == nil {
		err = l.rewrite(ctx, t, leaderRecord.released)
	}
	return err
}

// endTenure stops renewing.
func (l *leaderElection) endTenure() {
	if t := l.tenure; t != nil {
		t.stop()
		<-t.lost
		l.tenure = nil
	}
}

// Close gives up what is still held, as client-go does where ReleaseOnCancel is set.
func (l *leaderElection) Close() error {
	if l.tenure == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(l.env.Client.Ctx(), leaseTimeout)
	defer cancel()
	if err := l.release(ctx, l.tenure); !errors.Is(err, lock.ErrNotHeld) {
		return err
	}
	return nil
}

func (l *leaderElection) retryPeriod() time.Duration { return l.part(retryPeriod) }

// part is a part of the duration that a record is good for.
func (l *leaderElection) part(part float64) time.Duration {
	return time.Duration(part * float64(l.env.TTL))
}
