package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
	"lockquake/harness/nemesis"
	"lockquake/harness/network"
	"lockquake/harness/scenario"
	"lockquake/results"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// Cluster is what Run needs of a cluster. Faults find the rest of what it can do by the interfaces of
// nemesis. Healthy asks every member for a linearizable read.
type Cluster interface {
	nemesis.Members
	// Client connects to all members by links of its own.
	Client(context.Context, cluster.ClientConfig) (Client, error)
	Healthy(context.Context) error
	Close() error
}

// Client is one client's connection.
type Client interface {
	Etcd() *clientv3.Client
	Links(member int) (to, from *network.Link)
	// Endpoints are where other processes reach the members over these links.
	Endpoints(context.Context) ([]string, error)
	LoseReply(match func(request any) bool) (stop func() (lost string))
	LoseRequests(match func(request any) bool) (stop func() (lost int))
	// Crash breaks the connection and closes the client, with nothing said.
	Crash() error
	Close() error
}

// Parts are the things that a cell names.
type Parts struct {
	Strategy lock.Strategy
	Workload workloads.Kind
	Faults   map[string]nemesis.Fault
	Kind     Kind
	Place    Place
	Monitor  *Monitor // follows the cell; nil: nobody looks
	// Costs is given what the lock cost, at the end. Nil: nobody wants to know, and nothing is measured beside the lock.
	Costs func(results.Costs) error
}

// Prefix is what all keys of a cell begin with; it ends with a slash.
type Prefix string

func (p Prefix) locks() string    { return string(p) + "locks/" }
func (p Prefix) resource() string { return string(p) + "resource/" }

const (
	// immediate limits requests that should be answered at once.
	immediate = time.Second
	// striking limits one injection; a holder that is aimed at stands still so long. A member that joins while
	// the leader changes can need 5 s: etcd tells its peers of it once in so long.
	striking = 10 * time.Second
	// healing limits the undoing of one injection, and the wait for a healthy cluster after it.
	healing = 15 * time.Second
	// retry is how long a process waits after an acquire that failed.
	retry = 20 * time.Millisecond
	// leaving limits the wait for processes whose context has ended.
	leaving = 3 * time.Second
)

// Run carries out one cell on a cluster of its own and streams its history to out.
//
// An error says that the harness or its cluster failed; what the lock did wrong is in the history.
// When ctx ends early the cell is healed and wound down as at its normal end, and what was recorded
// is a sound history.
func Run(ctx context.Context, cell Cell, parts Parts, out io.Writer) (err error) {
	shaken, err := parts.Kind.Start(ctx, parts.Place)
	if err != nil {
		return fmt.Errorf("start cluster: %w", err)
	}
	defer func() { err = errors.Join(err, shaken.Close()) }()
	header := cell.header()
	header.NoWrites = !parts.Workload.Writes
	parts.Monitor.Enter(Opening)
	recorder, err := history.NewRecorder(out, header, parts.Monitor.observers()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, recorder.Close()) }()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	defer parts.Monitor.followLeader(shaken)()
	r := &run{cell: cell, parts: parts, cluster: shaken, rec: recorder, stop: make(chan struct{}), fail: fail}
	r.costs.run, r.costs.asked = r, parts.Costs != nil
	return r.carryOut(ctx)
}

func (c Cell) header() history.Header {
	return history.Header{
		Strategy: c.Strategy, Fault: c.Fault, Repeat: c.Repeat, Seed: c.Seed, Fenced: c.Fenced,
		Clients: c.Clients, Keys: c.KeyNames, TTL: c.TTL, Warmup: c.Warmup, Settle: c.Settle,
		Workload: c.Workload, Permits: c.Permits,
	}
}

// run is a cell while it is carried out.
type run struct {
	cell    Cell
	parts   Parts
	cluster Cluster
	rec     *history.Recorder

	control   Client // no fault touches it
	truth     *truth
	workload  workloads.Workload
	actors    []*actor        // one for each client, and one for the last read, which has no life until then
	working   context.Context // of the clients' processes; a field because a client that is restarted needs it, too
	clients   sync.WaitGroup
	processes atomic.Int32
	board     board
	entries   atomic.Int64            // into critical sections
	struckAt  atomic.Int64            // the number of entries that shows that one came after the first injection; 0: none was made
	stop      chan struct{}           // closed: no new rounds
	arrivals  chan time.Duration      // that are due, since the history's start; nil: closed loop
	fail      context.CancelCauseFunc // ends the run early
	costs     costing
}

func (r *run) carryOut(ctx context.Context) (err error) {
	// What has begun is wound down in order, whatever has become of ctx.
	steady, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if r.control, err = r.cluster.Client(steady, cluster.ClientConfig{Number: r.cell.Clients + 1}); err != nil {
		return fmt.Errorf("connect the control client: %w", err)
	}
	defer func() { err = errors.Join(err, r.control.Close()) }()
	witness, dismiss := r.witness()
	defer dismiss()
	if r.truth, err = watchTruth(steady, witness, r.parts.Place.Prefix.locks(), r.rec); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.truth.close(steady)) }()
	defer func() { err = errors.Join(err, r.costs.floor.close()) }()
	r.workload = r.parts.Workload.New(r.resource())
	defer func() { err = errors.Join(err, r.closeActors()) }()
	if err := r.openActors(ctx, steady); err != nil {
		return err
	}
	return r.work(ctx, steady)
}

// witness is the client that watches the ground truth. What its watch is told costs a tenth of what an acquisition does, so where
// costs are measured it is told without a connection, if it can be: there no fault befalls the member that tells it.
func (r *run) witness() (witness *clientv3.Client, dismiss func()) {
	etcd := r.control.Etcd()
	if cluster, ok := r.cluster.(interface {
		Inside(member int) *clientv3.Client
	}); ok && r.costs.asked {
		if inside := cluster.Inside(0); inside != nil {
			return &clientv3.Client{KV: etcd.KV, Lease: etcd.Lease, Watcher: inside.Watcher}, func() { _ = inside.Close() }
		}
	}
	return etcd, func() {}
}

// work runs the clients and the nemesis, and has what the lock protects read a last time.
func (r *run) work(ctx, steady context.Context) error {
	working, cancel := context.WithCancel(steady)
	defer cancel()
	r.working = working
	if err := r.costs.begin(steady); err != nil {
		return err
	}
	arriving, end := context.WithCancel(working)
	defer end()
	r.arrive(arriving)
	for _, a := range r.actors[:r.cell.Clients] {
		r.begin(working, a, a.now())
	}
	r.parts.Monitor.Enter(WarmingUp)
	faults := r.injectAll(ctx)
	r.awaitRecovery(ctx)
	r.parts.Monitor.Enter(Settling)
	end()
	r.recordStop(ctx, int64(len(r.arrivals)))
	close(r.stop)
	if r.failure(ctx) != nil {
		cancel() // nothing will be judged: nobody needs to get what it waits for
	}
	settled := r.settle(ctx, cancel)
	measured := r.costs.finish(steady)
	healthy := r.verifyHealthy(steady)
	if err := errors.Join(r.failure(ctx), faults, settled, measured, healthy); err != nil {
		return err
	}
	r.parts.Monitor.Enter(LastReads)
	if err := r.open(steady, r.actors[r.cell.Clients]); err != nil {
		return err
	}
	return guarded(func() { r.lastReads(ctx, steady) })
}

// recordStop tells that the workload winds down, so many acquires being due, and whether that is before its time.
func (r *run) recordStop(ctx context.Context, due int64) {
	stop := history.Event{Op: history.Stop, Process: history.Nemesis, Client: history.Nemesis, Value: due}
	if ctx.Err() != nil {
		stop.Note = "interrupted"
	}
	r.rec.Info(stop)
}

// failure is what ended the run early, if that was not its caller.
func (r *run) failure(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, ctx.Err()) {
		return cause
	}
	return nil
}

// settle waits until all processes have ended their rounds. Those that take longer than they may are
// cancelled, and then cut off by closing their clients: a lock that ignores its context must not
// keep the run.
func (r *run) settle(ctx context.Context, cancel context.CancelFunc) error {
	done := make(chan struct{})
	go func() { r.clients.Wait(); close(done) }()
	if r.hasSettled(ctx, done) {
		return nil
	}
	if ctx.Err() != nil {
		r.recordStop(ctx, 0) // before those who wait give up: that they did is not the lock's fault
	}
	cancel()
	if within(done, leaving) {
		return nil
	}
	for _, a := range r.actors[:r.cell.Clients] {
		_ = a.now().client.Close() // its error comes again when the actor is closed
	}
	if within(done, leaving) {
		return nil
	}
	return fmt.Errorf("strategy %s: a call did not return within %v after its context had ended and its client was closed", r.cell.Strategy, leaving)
}

// hasSettled waits for the waiters as long as they may wait, but not much longer than somebody waits who has
// pressed Ctrl-C: an interrupted cell accuses nobody of waiting.
func (r *run) hasSettled(ctx context.Context, done <-chan struct{}) bool {
	timer := time.NewTimer(r.cell.Settle)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	case <-ctx.Done():
		return within(done, leaving)
	}
}

func within(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// verifyHealthy makes sure that the faults are gone before the last read.
func (r *run) verifyHealthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	if err := r.cluster.Healthy(ctx); err != nil {
		return fmt.Errorf("the cluster is not healthy after the last heal: %w", err)
	}
	return nil
}

func (r *run) lastReads(ctx, steady context.Context) {
	reader := r.actors[r.cell.Clients]
	until := time.Now().Add(r.cell.Settle)
	for _, key := range r.cell.KeyNames {
		patience := max(time.Until(until), immediate)
		if ctx.Err() != nil {
			patience = immediate
		}
		r.workload.Last(steady, reader.now().process, key, patience)
	}
}

func (r *run) resource() workloads.Resource {
	if r.cell.Resource == scenario.InMemory {
		return &workloads.Memory{Fenced: r.cell.Fenced}
	}
	return &workloads.Etcd{
		Prefix: r.parts.Place.Prefix.resource(),
		Fenced: r.cell.Fenced,
		Client: func(client int32) *clientv3.Client { return r.actors[client].now().client.Etcd() },
		Reader: r.control.Etcd(),
	}
}

// openActors connects all clients and opens their sessions, each in its own phase of etcd's loops. The one that only reads
// comes when the others have gone: until then its lock would take part, if only by watching.
func (r *run) openActors(ctx, steady context.Context) error {
	group, opening := errgroup.WithContext(ctx)
	for i := range r.cell.Clients + 1 {
		r.actors = append(r.actors, &actor{number: i})
	}
	for i, a := range r.actors[:r.cell.Clients] {
		group.Go(func() error {
			if !sleep(opening, r.cell.Processes[i].Phase) {
				return opening.Err()
			}
			return r.open(steady, a)
		})
	}
	return group.Wait()
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *run) closeActors() error {
	var group errgroup.Group
	for _, a := range r.actors {
		if l := a.now(); l != nil {
			group.Go(func() error { return l.close(a.number) })
		}
	}
	return group.Wait()
}
