package locks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"lockquake/harness/cluster"
	"lockquake/workloads/lock"
)

const (
	benchWarmup = 300 * time.Millisecond
	benchSlice  = 700 * time.Millisecond
)

// BenchmarkFastQueue lets W clients pass a lock on that nobody stays in, on three members, FastQueue and Mutex in
// turns on the same cluster. A handoff is from when the holder gives the lock back until the next one has it; its
// floor is from a Delete until another client's watch tells of it, sampled in between all the while.
//
//	x-mutex      acquisitions a second, as a multiple of Mutex's
//	x-floor      the median handoff, as a multiple of the median floor
//	proposals    of raft for each acquisition, as the leader has applied them
//	reads        linearizable ranges for each acquisition
func BenchmarkFastQueue(b *testing.B) {
	for _, clients := range []int{2, 8, 32} {
		b.Run(fmt.Sprintf("W=%d", clients), func(b *testing.B) {
			c, err := cluster.Start(b.Context(), cluster.Config{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			ground := newGround(b, c)
			ours, theirs := newLane(b, c, FastQueue, "ours", clients), newLane(b, c, Mutex, "theirs", clients)
			for b.Loop() {
				theirs.run(b, ground)
				ours.run(b, ground)
			}
			ours.report(b, theirs)
		})
	}
}

// BenchmarkCohort is BenchmarkFastQueue for 4 processes of 8 goroutines each, whose 32 contenders are beside 32 clients
// of Mutex.
func BenchmarkCohort(b *testing.B) {
	c, err := cluster.Start(b.Context(), cluster.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ground := newGround(b, c)
	ours, theirs := newLane(b, c, FastQueueCohort, "ours", 4), newLane(b, c, Mutex, "theirs", 32)
	ours.locks = slices.Repeat(ours.locks, 8)
	for b.Loop() {
		theirs.run(b, ground)
		ours.run(b, ground)
	}
	ours.report(b, theirs)
}

// benchLane is one strategy on the track, and what was measured of it in all its slices.
type benchLane struct {
	locks            []lock.Lock
	tally            tally
	took             time.Duration
	acquired         int64
	proposals, reads int64
	handoffs, floors []time.Duration

	mu    sync.Mutex
	given time.Time // when the lock was last given back
	until time.Time
	count bool // the warm-up is over
}

func newLane(b *testing.B, c *cluster.Cluster, strategy lock.Strategy, name string, clients int) *benchLane {
	lane := &benchLane{}
	lane.locks = crew(b, c, &lane.tally, strategy, "locks/"+name, clients)
	return lane
}

// run is a warm-up and a slice.
func (l *benchLane) run(b *testing.B, g *ground) {
	l.given, l.until, l.count = time.Time{}, time.Now().Add(benchWarmup+benchSlice), false
	var group errgroup.Group
	for _, each := range l.locks {
		group.Go(func() error { return turns(b.Context(), each, l.more) })
	}
	group.Go(func() error { return l.measure(b.Context(), g) })
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// measure counts what happens between the warm-up and the end.
func (l *benchLane) measure(ctx context.Context, g *ground) error {
	if err := pause(ctx, benchWarmup); err != nil {
		return err
	}
	before, err := g.applied(ctx)
	if err != nil {
		return err
	}
	began, reads, acquired := time.Now(), l.tally.reads.Load(), l.counting(true)
	floors, err := g.sample(ctx, l.until)
	if err != nil {
		return err
	}
	l.acquired += l.counting(false) - acquired
	l.took += time.Since(began)
	l.reads += l.tally.reads.Load() - reads
	after, err := g.applied(ctx)
	l.proposals += int64(after-before) - 2*int64(len(floors))
	l.floors = append(l.floors, floors...)
	return err
}

// counting switches the count on or off.
func (l *benchLane) counting(on bool) (acquired int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count = on
	return int64(len(l.handoffs))
}

// more is called by the holder.
func (l *benchLane) more() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.count {
		l.handoffs = append(l.handoffs, now.Sub(l.given))
	}
	l.given = time.Now()
	return now.Before(l.until)
}

func (l *benchLane) report(b *testing.B, other *benchLane) {
	b.ReportMetric(0, "ns/op") // of both
	b.ReportMetric(l.rate(), "acq/s")
	b.ReportMetric(l.rate()/other.rate(), "x-mutex")
	b.ReportMetric(float64(median(l.handoffs))/float64(median(l.floors)), "x-floor")
	b.ReportMetric(float64(median(l.floors).Microseconds()), "µs-floor")
	b.ReportMetric(float64(l.proposals)/float64(l.acquired), "proposals")
	b.ReportMetric(float64(l.reads)/float64(l.acquired), "reads")
}

func (l *benchLane) rate() float64 { return float64(l.acquired) / l.took.Seconds() }

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// ground measures what the lock stands on.
type ground struct {
	deleter, watcher *clientv3.Client
	seen             chan time.Time // when the watcher's watch told of a delete
}

const groundKey = "ground"

func newGround(b *testing.B, c *cluster.Cluster) *ground {
	g := &ground{seen: make(chan time.Time, 1)}
	for i, client := range []**clientv3.Client{&g.deleter, &g.watcher} {
		opened, err := c.Client(b.Context(), cluster.ClientConfig{Number: i})
		if err != nil {
			b.Fatal(err)
		}
		*client = opened.Etcd
	}
	gone := g.watcher.Watch(b.Context(), groundKey, clientv3.WithFilterPut())
	go func() {
		for answer := range gone {
			if len(answer.Events) > 0 {
				g.seen <- time.Now()
			}
		}
	}()
	return g
}

// sample measures the floor again and again.
func (g *ground) sample(ctx context.Context, until time.Time) (floors []time.Duration, err error) {
	for time.Now().Before(until) {
		if _, err := g.deleter.Put(ctx, groundKey, ""); err != nil {
			return nil, err
		}
		began := time.Now()
		if _, err := g.deleter.Delete(ctx, groundKey); err != nil {
			return nil, err
		}
		floors = append(floors, (<-g.seen).Sub(began))
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return floors, nil
}

// applied is how many proposals the leader has applied.
func (g *ground) applied(ctx context.Context) (uint64, error) {
	for _, endpoint := range g.deleter.Endpoints() {
		status, err := g.deleter.Status(ctx, endpoint)
		if err != nil {
			return 0, err
		}
		if status.Leader == status.Header.MemberId {
			return status.RaftAppliedIndex, nil
		}
	}
	return 0, errors.New("nobody leads")
}
