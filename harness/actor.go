package harness

import (
	"context"
	"fmt"
	"time"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
	"lockquake/harness/nemesis"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// actor is one client with its connection, its process and its locks.
type actor struct {
	client  Client
	process *workloads.Process
	gate    gate // closed: paused
	stay    gate // closed: its critical section goes on
	locks   map[string]lock.Lock
}

// openActor connects client i and opens its lock for every key.
func (r *run) openActor(ctx context.Context, i int) error {
	client, err := r.cluster.Client(ctx, i, r.leasesOf(int32(i)))
	if err != nil {
		return fmt.Errorf("connect client c%d: %w", i, err)
	}
	a := &actor{client: client, locks: map[string]lock.Lock{}}
	a.process = &workloads.Process{
		Recorder:       r.rec,
		Client:         int32(i),
		Renumber:       func() int32 { return r.processes.Add(1) - 1 },
		Lock:           func(key string) lock.Lock { return a.locks[key] },
		Step:           a.gate.pass,
		Busy:           a.stay.closed,
		Entered:        r.entered(i),
		Releasing:      r.releasing,
		RequestTimeout: immediate,
	}
	r.actors[i] = a
	for _, key := range r.cell.KeyNames {
		env := lock.Env{Client: client.Etcd(), Name: locksPrefix + key, TTL: r.cell.TTL, ClientID: fmt.Sprintf("c%d", i)}
		if a.locks[key], err = r.parts.Strategy(ctx, env); err != nil {
			delete(a.locks, key)
			return fmt.Errorf("open %s for c%d: %w", key, i, err)
		}
	}
	return nil
}

// entered tells the nemesis of a holder in its critical section.
func (r *run) entered(client int) func(context.Context, *workloads.Hold) {
	return func(ctx context.Context, hold *workloads.Hold) {
		r.entries.Add(1)
		r.aim.entered(ctx, nemesis.Holder{Client: client, Key: hold.Name, Lease: hold.Lease})
	}
}

// releasing lets the ground truth know which keys go because their owners want it.
func (r *run) releasing(hold *workloads.Hold) (released func(error)) {
	if hold.Lease == 0 {
		return func(error) {}
	}
	return r.truth.fates.releasing(hold.Token)
}

// close ends the sessions and then the connection. A lock whose Close takes long is helped by the end of
// its client; a session that could not be ended is left to its lease, and the history tells.
func (a *actor) close(keys []string) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, key := range keys {
			if a.locks[key] != nil {
				a.process.Close(key)
			}
		}
	}()
	within(done, leaving)
	if err := a.client.Close(); err != nil {
		return fmt.Errorf("close client c%d: %w", a.process.Client, err)
	}
	if !within(done, healing) {
		return fmt.Errorf("close client c%d: its lock's Close did not return within %v after its client was closed", a.process.Client, healing)
	}
	return nil
}

// leasesOf records what a client learns of its leases.
func (r *run) leasesOf(client int32) cluster.LeaseObserver {
	learn := func(op history.Op) func(int64, time.Duration, time.Time) {
		return func(lease int64, ttl time.Duration, sent time.Time) {
			r.rec.Info(history.Event{
				Op: op, Process: history.Nemesis, Client: client, Lease: lease,
				Value: int64(ttl), Sent: r.rec.Since(sent),
			})
		}
	}
	return cluster.LeaseObserver{Granted: learn(history.Granted), Renewed: learn(history.Renewed)}
}

// targets is the run as faults see it.
type targets struct{ *run }

func (t targets) Cut(client int)        { t.actors[client].client.Hold() }
func (t targets) Mend(client int) int64 { return t.actors[client].client.Pass() }
func (t targets) Pause(client int)      { t.actors[client].gate.close() }
func (t targets) Resume(client int) bool {
	return t.actors[client].gate.open()
}
func (t targets) Linger(client int) { t.actors[client].stay.close() }
func (t targets) Leave(client int)  { t.actors[client].stay.open() }
