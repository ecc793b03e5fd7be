package harness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
	"lockquake/results"
)

// costing measures what a lock costs, and what it stands on, while its cell is carried out. All its methods do nothing
// where nobody asked for that.
type costing struct {
	*run
	asked   bool
	traffic cluster.Traffic // of the clients that fight for the lock
	floor   floor
	late    []time.Duration // see results.Costs
	begun   mark            // before the first acquire
	before  cluster.Counts
	cores   *results.Cores
	sampled chan struct{} // closed: the floor is measured no more
}

// begin is called when every client is there and none has asked for the lock.
func (c *costing) begin(ctx context.Context) error {
	if !c.asked {
		return nil
	}
	if err := c.floor.open(ctx, c.run); err != nil {
		return err
	}
	c.begun, c.before, c.sampled = c.mark(ctx), c.traffic.Counts(), make(chan struct{})
	go func() {
		defer close(c.sampled)
		c.sample(ctx)
	}()
	return nil
}

// sample measures in the cell's measured window.
func (c *costing) sample(ctx context.Context) {
	select {
	case <-time.After(c.cell.Warmup):
	case <-c.stop:
		return
	}
	before := usedCores()
	for n := 0; !c.over(ctx); n++ {
		c.floor.measure(ctx, n)
		select {
		case <-time.After(floorEvery):
		case <-c.stop:
		}
	}
	c.cores = usedCores().since(before)
}

// finish is called when every client has released what it held, and will ask for no more.
func (c *costing) finish(ctx context.Context) error {
	if !c.asked {
		return nil
	}
	<-c.sampled
	counts := c.traffic.Counts().Since(c.before)
	return c.parts.Costs(results.Costs{
		Acquired: c.entries.Load(), Proposals: c.proposals(c.mark(ctx)),
		Requests: counts.Requests, Watches: counts.Watches, Events: counts.Events,
		Floor: results.Summarize(c.floor.handoffs), Put: results.Summarize(c.floor.puts), Late: results.Summarize(c.late),
		Cores: c.cores, Clients: c.cell.Clients, Keys: c.cell.Keys, Rate: c.cell.Rate,
	})
}

// cameLate notes by how much an acquire of an open loop came late.
func (c *costing) cameLate(due time.Time) {
	if c.asked {
		c.late = append(c.late, time.Since(due))
	}
}

// mark is how far a leader's log had come. The zero mark is not known.
type mark struct{ leader, term, index uint64 }

// mark asks all members: one that is no leader may be behind.
func (c *costing) mark(ctx context.Context) mark {
	etcd := c.control.Etcd()
	for _, endpoint := range etcd.Endpoints() {
		asking, cancel := context.WithTimeout(ctx, immediate)
		status, err := etcd.Status(asking, endpoint)
		cancel()
		if err == nil && status.Leader == status.Header.MemberId {
			return mark{status.Leader, status.RaftTerm, status.RaftIndex}
		}
	}
	return mark{}
}

// proposals are those of the lock, not of the floor.
func (c *costing) proposals(ended mark) int64 {
	const unknown = -1
	if c.begun == (mark{}) || ended.leader != c.begun.leader || ended.term != c.begun.term || c.floor.unsure {
		return unknown
	}
	return int64(ended.index-c.begun.index) - c.floor.proposals
}

// floor measures what it takes at least to pass a lock on, by clients that have nothing to do with the lock.
type floor struct {
	deleter   *clientv3.Client
	tellers   []teller // in turns: whether a watch is at the leader makes a difference, and where it is, is chance
	opened    []Client
	stop      context.CancelFunc
	watching  sync.WaitGroup
	handoffs  []time.Duration
	puts      []time.Duration
	proposals int64 // that it made
	unsure    bool  // whether all of them were made
}

// teller is a client whose watch tells of the deletes of a key of its own.
type teller struct {
	key  string
	told chan told
}

type told struct {
	revision int64
	at       time.Time
}

const (
	tellers    = 3
	floorEvery = 40 * time.Millisecond
	// untaken is how many deletes a teller may have told of that nobody asked it about; it forgets those that come later.
	untaken = 64
)

func (f *floor) open(ctx context.Context, r *run) error {
	for i := range tellers + 1 {
		client, err := r.cluster.Client(ctx, cluster.ClientConfig{Number: r.cell.Clients + 2 + i})
		if err != nil {
			return fmt.Errorf("connect a client that measures the floor: %w", err)
		}
		f.opened = append(f.opened, client)
	}
	ctx, f.stop = context.WithCancel(ctx)
	f.deleter = f.opened[0].Etcd()
	for i, client := range f.opened[1:] {
		t := teller{fmt.Sprintf("%sfloor/%d", r.parts.Place.Prefix, i), make(chan told, untaken)}
		watch := client.Etcd().Watch(ctx, t.key, clientv3.WithFilterPut(), clientv3.WithCreatedNotify())
		if created, ok := <-watch; !ok || created.Err() != nil {
			return fmt.Errorf("watch for the floor: %w", errors.Join(created.Err(), ctx.Err()))
		}
		f.tellers = append(f.tellers, t)
		f.watching.Go(func() { t.watch(watch) })
	}
	return nil
}

func (t teller) watch(watch clientv3.WatchChan) {
	for answer := range watch {
		at := time.Now()
		for _, e := range answer.Events {
			select {
			case t.told <- told{e.Kv.ModRevision, at}:
			default:
			}
		}
	}
}

// measure makes a key and deletes it. What has no answer in time is no measurement.
func (f *floor) measure(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, immediate)
	defer cancel()
	teller := f.tellers[n%tellers]
	f.proposals += 2
	began := time.Now()
	if _, err := f.deleter.Put(ctx, teller.key, ""); err != nil {
		f.unsure = true
		return
	}
	f.puts = append(f.puts, time.Since(began))
	began = time.Now()
	deleted, err := f.deleter.Delete(ctx, teller.key)
	if err != nil {
		f.unsure = true
		return
	}
	for {
		select {
		case event := <-teller.told:
			if event.revision == deleted.Header.Revision {
				f.handoffs = append(f.handoffs, event.at.Sub(began))
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (f *floor) close() error {
	if f.stop != nil {
		f.stop()
	}
	f.watching.Wait()
	var closing []error
	for _, client := range f.opened {
		closing = append(closing, client.Close())
	}
	return errors.Join(closing...)
}
