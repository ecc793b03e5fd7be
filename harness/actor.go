package harness

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
	"lockquake/harness/nemesis"
	"lockquake/harness/network"
	"lockquake/harness/scenario"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

// actor is one client of the workload: its number, and the life that it leads.
type actor struct {
	number int
	gate   gate // closed: paused
	stay   gate // closed: its critical section goes on

	mu   sync.Mutex
	life *life // nil: not opened yet
}

// life is a connection, a process and its locks, from their opening to their close or crash. A client that
// crashes and is restarted begins a new one.
type life struct {
	client  Client
	process *workloads.Process
	locks   map[string]lock.Lock
	cancel  context.CancelFunc // nothing that it does goes on
	done    chan struct{}      // closed: its process has ended
	crashed chan struct{}      // closed: nothing more may be done

	mu       sync.Mutex
	programs []lock.Program // those of its locks that are processes of their own
}

func (a *actor) now() *life {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.life
}

// open connects the client and opens its lock for every key.
func (r *run) open(ctx context.Context, a *actor) error {
	client, err := r.cluster.Client(ctx, r.config(a.number))
	if err != nil {
		return fmt.Errorf("connect client c%d: %w", a.number, err)
	}
	l := &life{
		client: client, locks: map[string]lock.Lock{}, cancel: func() {},
		done: make(chan struct{}), crashed: make(chan struct{}),
	}
	l.process = r.process(a, l)
	a.mu.Lock()
	a.life = l
	a.mu.Unlock()
	for _, key := range r.cell.KeyNames {
		if l.locks[key], err = r.openLock(ctx, a, client, key); err != nil {
			delete(l.locks, key)
			return fmt.Errorf("open %s for c%d: %w", key, a.number, err)
		}
		l.runs(l.locks[key])
	}
	return nil
}

// config is what a client is opened with.
func (r *run) config(number int) cluster.ClientConfig {
	config := cluster.ClientConfig{Number: number, Leases: r.leasesOf(number)}
	if r.costs.asked && number < r.cell.Clients {
		config.DialOptions = r.costs.traffic.DialOptions()
	}
	return config
}

func (r *run) openLock(ctx context.Context, a *actor, client Client, key string) (lock.Lock, error) {
	learn := r.leasesOf(a.number)
	env := lock.Env{
		Client: client.Etcd(), Name: r.parts.Place.Prefix.locks() + key,
		TTL: r.cell.TTL, ClientID: fmt.Sprintf("c%d", a.number), Permits: r.cell.Permits,
		Endpoints: client.Endpoints, Granted: learn.Granted, Renewed: learn.Renewed, Dir: r.parts.Place.Dir,
	}
	l, err := opened(ctx, r.parts.Strategy, env, client.Close)
	// That a lease is not granted within a strategy's own deadline says that the machine is busy, or a leader gone.
	for began := time.Now(); errors.Is(err, lock.ErrDefinite) && time.Since(began) < opening && sleep(ctx, retry); {
		l, err = opened(ctx, r.parts.Strategy, env, client.Close)
	}
	if err != nil {
		return nil, err
	}
	if missing := r.parts.Workload.Needs &^ lock.AbilitiesOf(l); missing != 0 {
		return nil, errors.Join(fmt.Errorf("workload %s needs the abilities %v, which its lock has not", r.cell.Workload, missing), l.Close())
	}
	return l, nil
}

func (r *run) process(a *actor, l *life) *workloads.Process {
	return &workloads.Process{
		Recorder:       r.rec,
		Client:         int32(a.number),
		Renumber:       func() int32 { return r.processes.Add(1) - 1 },
		Lock:           func(key string) lock.Lock { return l.locks[key] },
		Step:           a.gate.pass,
		Alive:          l.alive,
		Busy:           a.stay.closed,
		Waiting:        r.waiting(a.number),
		Entered:        r.entered,
		Leaving:        r.leaving,
		Releasing:      r.releasing,
		Oblivious:      r.cell.Loss == scenario.Ignored,
		RequestTimeout: immediate,
	}
}

// befall does to those locks of a client that are processes of their own what befalls the client.
func (r *run) befall(client int, do func(lock.Program) error) {
	for _, program := range r.actors[client].now().running() {
		if err := do(program); err != nil {
			r.fail(fmt.Errorf("strategy %s: the program of c%d: %w", r.cell.Strategy, client, err))
		}
	}
}

// runs notes that a lock may be a process of its own.
func (l *life) runs(opened lock.Lock) {
	if program, ok := opened.(lock.Program); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.programs = append(l.programs, program)
	}
}

func (l *life) running() []lock.Program {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.programs)
}

// alive ends the goroutine of a process that has crashed: it does nothing more, not even record.
func (l *life) alive() {
	if l.hasCrashed() {
		runtime.Goexit()
	}
}

// patient is how long an acquire takes that counts as waiting.
const patient = 20 * time.Millisecond

// waiting shows a client that waits for a lock, and tells of it once that takes a while.
func (r *run) waiting(client int) func(key string) func() {
	return func(key string) func() {
		v := nemesis.Victim{Role: nemesis.Waiter, Client: client, Key: key}
		r.board.stands(v)
		timer := time.AfterFunc(patient, func() {
			if r.board.standing(client) == v {
				r.board.reached(nemesis.Waiting, v)
			}
		})
		return func() {
			timer.Stop()
			r.board.walks(client)
		}
	}
}

func holder(hold *workloads.Hold) nemesis.Victim {
	return nemesis.Victim{Role: nemesis.Holder, Client: int(hold.Client), Key: hold.Name, Lease: hold.Lease}
}

// entered shows a holder in its critical section.
func (r *run) entered(ctx context.Context, hold *workloads.Hold) {
	r.entries.Add(1)
	r.board.stands(holder(hold))
	r.board.standStill(ctx, nemesis.Acquired, holder(hold))
}

func (r *run) leaving(ctx context.Context, hold *workloads.Hold) {
	r.board.standStill(ctx, nemesis.Releasing, holder(hold))
}

// releasing lets the ground truth know which keys go because their owners want it.
func (r *run) releasing(hold *workloads.Hold) (released func(error)) {
	told := func(error) {}
	if hold.Lease != 0 {
		told = r.truth.fates.releasing(hold.Token)
	}
	return func(err error) {
		told(err)
		if hold.Mode != history.Nested {
			r.board.walks(int(hold.Client))
		}
	}
}

// loop is the process of a client, from round to round until the end of its life or of the workload.
func (r *run) loop(ctx context.Context, a *actor, l *life) {
	choices := r.cell.Processes[a.number].Rounds
	for i := 0; ; i++ {
		due, ok := r.due(ctx)
		if !ok {
			break
		}
		round, next := choices[i%len(choices)], choices[(i+1)%len(choices)]
		again := func() bool { return r.arrivals == nil && next.Key == round.Key && !r.over(ctx) }
		if r.workload.Turn(ctx, l.process, workloads.Round{
			Key: r.cell.KeyNames[round.Key], Stay: round.Hold, Shared: round.Shared, Due: due, Again: again,
		}) {
			continue
		}
		select {
		case <-time.After(retry):
		case <-r.stop:
		case <-ctx.Done():
		}
	}
	for _, key := range l.process.Queued() { // or those behind it would wait for nobody
		r.workload.Turn(ctx, l.process, workloads.Round{Key: key, Again: func() bool { return false }})
	}
}

func (r *run) over(ctx context.Context) bool {
	select {
	case <-r.stop:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

// begin lets the process of a client go to work.
func (r *run) begin(ctx context.Context, a *actor, l *life) {
	ctx, l.cancel = context.WithCancel(ctx)
	r.clients.Go(func() {
		defer close(l.done)
		if err := guarded(func() { r.loop(ctx, a, l) }); err != nil {
			r.fail(err)
		}
	})
}

// crash ends a client where it is. What its connection still had to send is lost; its process ends at its next
// step, which it does not take.
func (r *run) crash(a *actor) error {
	l := a.now()
	if l.hasCrashed() {
		return fmt.Errorf("crash c%d: it has crashed already", a.number)
	}
	err := l.client.Crash()
	r.befall(a.number, lock.Program.Kill)
	close(l.crashed)
	l.cancel()
	if !within(l.done, leaving) {
		err = errors.Join(err, fmt.Errorf("its process did not end within %v", leaving))
	}
	r.board.walks(a.number)
	r.rec.Info(l.process.Crashed())
	if err != nil {
		return fmt.Errorf("crash c%d: %w", a.number, err)
	}
	return nil
}

// restart begins a new life of a client that has crashed.
func (r *run) restart(ctx context.Context, a *actor) error {
	old := a.now()
	if !old.hasCrashed() {
		return fmt.Errorf("restart c%d: it has not crashed", a.number)
	}
	if err := old.close(a.number); err != nil {
		return err
	}
	if err := r.open(ctx, a); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	r.begin(r.working, a, a.now())
	return nil
}

// close ends the sessions and then the connection. A lock whose Close takes long is helped by the end of
// its client; a session that could not be ended is left to its lease, and the history tells.
func (l *life) close(number int) error {
	done := make(chan struct{})
	var closing error
	go func() {
		defer close(done)
		closing = guarded(l.closeLocks)
	}()
	within(done, leaving)
	if err := l.client.Close(); err != nil {
		return fmt.Errorf("close client c%d: %w", number, err)
	}
	if !within(done, healing) {
		return fmt.Errorf("close client c%d: its lock's Close did not return within %v after its client was closed", number, healing)
	}
	return closing
}

func (l *life) closeLocks() {
	for key, lock := range l.locks {
		if l.hasCrashed() {
			_ = lock.Close() // it can reach nobody any more; this is for what it keeps in this process
		} else {
			l.process.Close(key)
		}
	}
}

func (l *life) hasCrashed() bool {
	select {
	case <-l.crashed:
		return true
	default:
		return false
	}
}

// leasesOf records what a client learns of its leases.
func (r *run) leasesOf(client int) cluster.LeaseObserver {
	learn := func(op history.Op, lease int64, ttl time.Duration, sent time.Time) {
		r.rec.Info(history.Event{
			Op: op, Process: history.Nemesis, Client: int32(client), Lease: lease,
			Value: int64(ttl), Sent: r.rec.Since(sent),
		})
	}
	return cluster.LeaseObserver{
		Granted: func(lease int64, ttl time.Duration, sent time.Time) {
			learn(history.Granted, lease, ttl, sent)
			r.board.granted(client, clientv3.LeaseID(lease))
		},
		Renewed: func(lease int64, ttl time.Duration, sent time.Time) {
			learn(history.Renewed, lease, ttl, sent)
			if v, ok := r.board.under(clientv3.LeaseID(lease)); ok {
				r.board.reached(nemesis.Renewed, v)
			}
		},
	}
}

// targets is the run's clients as faults see them.
type targets struct{ *run }

func (t targets) Links(client, member int) (to, from *network.Link) {
	return t.actors[client].now().client.Links(member)
}
func (t targets) Pause(client int) {
	t.actors[client].gate.close()
	t.befall(client, lock.Program.Pause)
}
func (t targets) Resume(client int) bool {
	t.befall(client, lock.Program.Resume)
	waits := t.board.standing(client).Role == nemesis.Waiter // and takes no step before it has an answer
	return t.actors[client].gate.open() || waits
}
func (t targets) Linger(client int)      { t.actors[client].stay.close() }
func (t targets) Leave(client int) bool  { return t.actors[client].stay.open() }
func (t targets) Crash(client int) error { return t.crash(t.actors[client]) }
func (t targets) Restart(ctx context.Context, client int) error {
	return t.restart(ctx, t.actors[client])
}
func (t targets) LoseReply(client int, match func(request any) bool) (stop func() (lost string)) {
	return t.actors[client].now().client.LoseReply(match)
}
func (t targets) LoseRequests(client int, match func(request any) bool) (stop func() (lost int)) {
	return t.actors[client].now().client.LoseRequests(match)
}
