package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lockquake/checker/history"
	"lockquake/harness/nemesis"
)

// injectAll carries out the plan's schedules, side by side, and returns at the end of the cell's
// duration or, with everything healed, when ctx ends. An error says that healing failed.
func (r *run) injectAll(ctx context.Context) error {
	if !sleep(ctx, r.cell.Warmup) {
		return nil
	}
	r.parts.Monitor.Enter(Shaking)
	began := time.Now()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	window, cancel := context.WithTimeout(ctx, r.cell.Duration)
	defer cancel()
	var lanes errgroup.Group
	for _, s := range r.cell.Schedules {
		lanes.Go(func() error {
			err := r.follow(ctx, window, began, s)
			if err != nil {
				stop()
			}
			return err
		})
	}
	err := lanes.Wait()
	if err == nil {
		<-window.Done()
	}
	return err
}

// follow carries out one schedule. window limits the waits for planned times and moments, but for the first
// moment; an injection that has begun lasts as planned unless ctx ends.
func (r *run) follow(ctx, window context.Context, began time.Time, s Schedule) error {
	first, cancel := context.WithTimeout(ctx, r.cell.Duration+r.cell.Settle) // or the cell would have tried nothing
	defer cancel()
	for n, injection := range s.Injections {
		aiming := window
		if n == 0 {
			aiming = first
		}
		if !sleep(aiming, injection.At-time.Since(began)) {
			return nil // a plan has its first injection within the cell's duration
		}
		target, goOn, err := r.takeAim(aiming, s, injection)
		if err != nil {
			if n == 0 && ctx.Err() == nil {
				r.missed(s)
			}
			return nil
		}
		if err := r.inject(ctx, s.Fault, target, goOn, injection.For); err != nil {
			return err
		}
	}
	return nil
}

// missed records that a fault never found whom it was to strike.
func (r *run) missed(s Schedule) {
	what := fmt.Sprintf("there was no %s in time", s.Role)
	if s.Moment != "" {
		what = fmt.Sprintf("the moment %q did not come in time", s.Moment)
	}
	call := r.rec.Invoke(nemesisEvent(history.Inject, s.Fault, 0))
	call.Return(history.Fail, history.Event{Fault: s.Fault, Error: what})
}

// inject does one injection and heals it, also when something panics meanwhile.
func (r *run) inject(ctx context.Context, fault string, target nemesis.Target, goOn func(), lasts time.Duration) (err error) {
	begun := nemesisEvent(history.Inject, fault, 0)
	begun.Lease = int64(target.Victim.Lease)
	call := r.rec.Invoke(begun)
	injected, err := r.strike(ctx, fault, target)
	goOn()
	if err != nil {
		call.Return(outcomeOf(err), history.Event{Fault: fault, Error: err.Error()})
		return nil
	}
	call.Return(history.OK, history.Event{Fault: fault, Note: injected.To, Lease: int64(injected.Lease)})
	defer func() { err = r.heal(ctx, fault, call.ID(), injected.Heal) }()
	r.struckAt.CompareAndSwap(0, r.entries.Load()+1)
	sleep(ctx, lasts)
	return nil
}

// outcomeOf an injection that failed: a request without an answer may have done its harm all the same.
func outcomeOf(err error) history.Outcome {
	if errors.Is(err, nemesis.ErrMissed) {
		return history.Fail
	}
	return history.Unknown
}

// awaitRecovery lets the clients go on until one of them has come through since the first injection: a
// fault whose end nobody lives to see, because all wait in requests that outlast it, has tried nothing.
func (r *run) awaitRecovery(ctx context.Context) {
	struckAt := r.struckAt.Load()
	if struckAt == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.cell.Settle)
	defer cancel()
	for r.entries.Load() < struckAt && sleep(ctx, retry) {
	}
}

func (r *run) strike(ctx context.Context, fault string, target nemesis.Target) (nemesis.Injected, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), striking)
	defer cancel()
	return r.parts.Faults[fault].Inject(ctx, target)
}

// takeAim waits for the moment of an injection, and finds whom it strikes. The func lets the client that
// brought the moment go on.
func (r *run) takeAim(window context.Context, s Schedule, injection Injection) (nemesis.Target, func(), error) {
	target := r.target(s, injection)
	var here shot
	var err error
	switch s.Moment {
	case "":
	case nemesis.LeaderChanged:
		err = r.awaitNewLeader(window, injection.Skip)
	default:
		here, err = r.board.await(window, s.Moment, injection.Skip)
	}
	if err != nil {
		return target, nil, err
	}
	goOn := func() {
		if here.done != nil {
			close(here.done)
		}
	}
	if holders, _ := r.board.having(nemesis.Holder); len(holders) > 0 {
		target.Held = holders[0]
	}
	if !s.Role.OfClient() {
		return target, goOn, nil
	}
	target.Victim = here.victim
	if here.victim.Role != s.Role {
		target.Victim, err = r.board.find(window, s.Role, injection.Pick)
	}
	if err != nil {
		goOn()
		return target, nil, err
	}
	if target.Victim.Role == nemesis.Waiter {
		target.Victim.Lease = r.waitersLease(window, target.Victim)
	}
	return target, goOn, nil
}

// target is all that a fault may act on; what the cluster cannot do stays nil.
func (r *run) target(s Schedule, injection Injection) nemesis.Target {
	t := nemesis.Target{
		Members: r.cluster, Clients: targets{r}, Leases: leases{r.control.Etcd()},
		Role: s.Role, Pick: injection.Pick, TTL: r.cell.TTL,
	}
	t.Killer, _ = r.cluster.(nemesis.Killer)
	t.Pauser, _ = r.cluster.(nemesis.Pauser)
	t.Peers, _ = r.cluster.(nemesis.Peers)
	t.Membership, _ = r.cluster.(nemesis.Membership)
	t.Maintenance, _ = r.cluster.(nemesis.Maintenance)
	return t
}

// awaitNewLeader waits until the lead has gone from one member to another, and that again for each that
// is to be skipped.
func (r *run) awaitNewLeader(ctx context.Context, skip int) error {
	before, known := nemesis.LeaderOf(r.cluster)
	for seen := 0; seen <= skip; {
		if !sleep(ctx, glance) {
			return ctx.Err()
		}
		leader, sure := nemesis.LeaderOf(r.cluster)
		if !sure {
			continue
		}
		if known && leader != before {
			seen++
		}
		before, known = leader, true
	}
	return nil
}

// glance is how often the members are asked who leads.
const glance = 5 * time.Millisecond

// heal must not be cancelled by the end of the run: a partition left behind would spoil the last
// read.
func (r *run) heal(ctx context.Context, fault string, injection history.OpID, heal nemesis.Heal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healing)
	defer cancel()
	call := r.rec.Invoke(nemesisEvent(history.Heal, fault, injection))
	evidence, err := heal(ctx)
	e := history.Event{Fault: fault, Note: evidence.What}
	outcome := history.Unknown
	if err != nil {
		e.Error = err.Error()
	} else if evidence.Observed {
		outcome = history.OK
	}
	call.Return(outcome, e)
	if err != nil {
		return fmt.Errorf("heal %s: %w", fault, err)
	}
	return nil
}

func nemesisEvent(op history.Op, fault string, injection history.OpID) history.Event {
	return history.Event{Op: op, Process: history.Nemesis, Client: history.Nemesis, Fault: fault, Hold: injection}
}
