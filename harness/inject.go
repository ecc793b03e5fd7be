package harness

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/nemesis"
)

// injectAll carries out the plan's injections, one after the other, and returns at the end of the
// cell's duration or, with everything healed, when ctx ends. An error says that healing failed.
func (r *run) injectAll(ctx context.Context) error {
	if !sleep(ctx, r.cell.Warmup) {
		return nil
	}
	began := time.Now()
	window, cancel := context.WithTimeout(ctx, r.cell.Duration)
	defer cancel()
	for _, injection := range r.cell.Injections {
		if !sleep(window, injection.At-time.Since(began)) {
			return nil
		}
		if err := r.inject(ctx, window, injection); err != nil {
			return err
		}
	}
	<-window.Done()
	return nil
}

// inject does one injection and heals it. window limits the wait for a holder to strike; an injection
// that has begun lasts as planned unless ctx ends.
func (r *run) inject(ctx, window context.Context, injection Injection) error {
	holder, goOn, missed := r.takeAim(window)
	begun := nemesisEvent(history.Inject, r.cell.Fault, 0)
	begun.Lease = int64(holder.Lease)
	call := r.rec.Invoke(begun)
	if missed != nil {
		call.Return(history.Fail, history.Event{Fault: r.cell.Fault, Error: "no client entered its critical section in time"})
		return nil
	}
	injected, err := r.strike(ctx, holder)
	goOn()
	if err != nil {
		// A request without an answer may have done its harm all the same.
		call.Return(history.Unknown, history.Event{Fault: r.cell.Fault, Error: err.Error()})
		return nil
	}
	call.Return(history.OK, history.Event{Fault: r.cell.Fault, Note: injected.To, Lease: int64(injected.Lease)})
	r.struckAt.CompareAndSwap(0, r.entries.Load()+1)
	sleep(ctx, injection.For)
	return r.heal(ctx, call.ID(), injected.Heal)
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

func (r *run) strike(ctx context.Context, holder nemesis.Holder) (nemesis.Injected, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), striking)
	defer cancel()
	return r.parts.Fault.Inject(ctx, nemesis.Target{
		Members: r.cluster, Peers: r.cluster, Clients: targets{r}, Leases: leases{r.control.Etcd()}, Holder: holder,
	})
}

// takeAim waits for a holder if the fault wants one. The func lets that holder go on.
func (r *run) takeAim(window context.Context) (nemesis.Holder, func(), error) {
	if _, aimed := r.parts.Fault.(nemesis.Aimed); !aimed {
		return nemesis.Holder{}, func() {}, nil
	}
	return r.aim.next(window)
}

// heal must not be cancelled by the end of the run: a partition left behind would spoil the last
// read.
func (r *run) heal(ctx context.Context, injection history.OpID, heal nemesis.Heal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healing)
	defer cancel()
	call := r.rec.Invoke(nemesisEvent(history.Heal, r.cell.Fault, injection))
	evidence, err := heal(ctx)
	e := history.Event{Fault: r.cell.Fault, Note: evidence.What}
	outcome := history.Unknown
	if err != nil {
		e.Error = err.Error()
	} else if evidence.Observed {
		outcome = history.OK
	}
	call.Return(outcome, e)
	if err != nil {
		return fmt.Errorf("heal %s: %w", r.cell.Fault, err)
	}
	return nil
}

func nemesisEvent(op history.Op, fault string, injection history.OpID) history.Event {
	return history.Event{Op: op, Process: history.Nemesis, Client: history.Nemesis, Fault: fault, Hold: injection}
}

// leases asks etcd for leases.
type leases struct{ client *clientv3.Client }

func (l leases) Revoke(ctx context.Context, id clientv3.LeaseID) (int64, error) {
	resp, err := l.client.Revoke(ctx, id)
	if err != nil {
		return 0, err
	}
	return resp.Header.Revision, nil
}

func (l leases) Alive(ctx context.Context, id clientv3.LeaseID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, immediate)
	defer cancel()
	resp, err := l.client.TimeToLive(ctx, id)
	if err != nil {
		return false, err
	}
	// What is left is given in whole seconds, rounded down; -1 is for a lease that does not exist.
	return resp.TTL >= 0, nil
}
