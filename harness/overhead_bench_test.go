package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"lockquake/harness/cluster"
	"lockquake/harness/scenario"
	"lockquake/results"
	"lockquake/workloads"
	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
)

const (
	overheadWarmup = 300 * time.Millisecond
	overheadSlice  = time.Second
)

// BenchmarkOverhead lets clients pass a lock on that nobody stays in, through lockquake (recorder, links, interceptors, the
// ground truth's watch, the floor's samples) and in a bare loop of plain clients, in turns on the same cluster.
//
//	x-bare      acquisitions a second through lockquake, as a multiple of the bare loop's: the median of the pairs
//	cpu-x-bare  processor time for each acquisition, members and clients together, as well
//
// Many clients of a mutex wait for etcd's 100 ms loop, which hides what else takes time: that is why there is one client, too,
// and fastqueue.
func BenchmarkOverhead(b *testing.B) {
	for _, lane := range []struct {
		name    string
		clients int
		ours    lock.Strategy
		bare    func(context.Context, *clientv3.Client, int, *track) error
	}{
		{"mutex/W=1", 1, locks.Mutex, bareMutex},
		{"mutex/W=8", 8, locks.Mutex, bareMutex},
		{"mutex/W=32", 32, locks.Mutex, bareMutex},
		{"fastqueue/W=1", 1, locks.FastQueue, bareFastQueue},
		{"fastqueue/W=8", 8, locks.FastQueue, bareFastQueue},
		{"fastqueue/W=32", 32, locks.FastQueue, bareFastQueue},
	} {
		b.Run(lane.name, func(b *testing.B) {
			c, err := cluster.Start(b.Context(), cluster.Config{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			var rates, cpus []float64
			var through, bare track
			for n := 0; b.Loop(); n++ {
				through, bare = track{}, track{}
				laps := []func() error{
					func() error { return lapThrough(b, c, lane.ours, lane.clients, &through) },
					func() error { return lapBare(b.Context(), c, lane.clients, lane.bare, &bare) },
				}
				if n%2 == 1 {
					slices.Reverse(laps)
				}
				for _, lap := range laps {
					if err := lap(); err != nil {
						b.Fatal(err)
					}
				}
				rates = append(rates, through.rate()/bare.rate())
				cpus = append(cpus, through.cpuEach()/bare.cpuEach())
			}
			b.ReportMetric(0, "ns/op") // of both, and what is around them
			b.ReportMetric(middle(rates), "x-bare")
			b.ReportMetric(middle(cpus), "cpu-x-bare")
			b.ReportMetric(bare.rate(), "bare/s")
			b.ReportMetric(bare.cpuEach()*1e6, "bare-cpu-µs")
		})
	}
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// track counts turns between a warm-up, from the first turn on, and the end of a slice.
type track struct {
	begun    sync.Once
	over     atomic.Bool
	turns    atomic.Int64
	counted  int64
	took     time.Duration
	cpu      time.Duration
	measured sync.WaitGroup
}

// turn tells whether there is to be another one.
func (t *track) turn() bool {
	t.begun.Do(func() { t.measured.Go(t.measure) })
	t.turns.Add(1)
	return !t.over.Load()
}

func (t *track) measure() {
	time.Sleep(overheadWarmup)
	began, turns, cpu := time.Now(), t.turns.Load(), cpuTime()
	time.Sleep(overheadSlice)
	t.counted, t.took, t.cpu = t.turns.Load()-turns, time.Since(began), cpuTime()-cpu
	t.over.Store(true)
}

func (t *track) rate() float64    { return float64(t.counted) / t.took.Seconds() }
func (t *track) cpuEach() float64 { return t.cpu.Seconds() / float64(t.counted) }

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// counting is Handoff on a track.
type counting struct {
	workloads.Handoff
	on *track
}

func (c counting) Turn(ctx context.Context, p *workloads.Process, r workloads.Round) bool {
	acquired := c.Handoff.Turn(ctx, p, r)
	c.on.turn()
	return acquired
}

// shared is a cluster that outlives its cells.
type shared struct{ started }

func (shared) Close() error { return nil }

func lapThrough(b *testing.B, c *cluster.Cluster, strategy lock.Strategy, clients int, on *track) error {
	s := Usual()
	s.Clients, s.Hold, s.TTL, s.Warmup, s.Duration = clients, scenario.Range{}, 10*time.Second, overheadWarmup, overheadSlice
	file, err := os.Create(filepath.Join(b.TempDir(), "history"))
	if err != nil {
		return err
	}
	err = Run(b.Context(), Draw(1, []Trial{{Settings: s, Subjects: []Subject{{Name: "ours"}}, Together: true}}).Cells[0], Parts{
		Strategy: strategy,
		Workload: workloads.Kind{New: func(workloads.Resource) workloads.Workload { return counting{on: on} }},
		Kind:     Kind{Start: func(context.Context, Place) (Cluster, error) { return shared{started{c}}, nil }},
		Place:    Place{Members: 3, Prefix: Prefix(fmt.Sprintf("through-%d/", time.Now().UnixNano()))},
		Costs:    func(results.Costs) error { return nil }, // as in lockquake bench, while the floor is measured
	}, file)
	on.measured.Wait()
	return errors.Join(err, file.Close())
}

func lapBare(ctx context.Context, c *cluster.Cluster, clients int, loop func(context.Context, *clientv3.Client, int, *track) error, on *track) error {
	var group errgroup.Group
	var opened []*clientv3.Client
	for i := range clients {
		client, err := plainClient(c, i)
		if err != nil {
			return err
		}
		opened = append(opened, client)
	}
	for i, client := range opened {
		group.Go(func() error { return loop(ctx, client, i, on) })
	}
	err := group.Wait()
	on.measured.Wait()
	for _, client := range opened {
		err = errors.Join(err, client.Close())
	}
	return err
}

// plainClient dials the members as everybody would.
func plainClient(c *cluster.Cluster, number int) (*clientv3.Client, error) {
	dial := map[string]func(context.Context) (net.Conn, error){}
	var urls []string
	for _, e := range c.Endpoints() {
		dial[e.Host] = e.Dial
		urls = append(urls, e.Scheme+"://"+e.Host)
	}
	urls = append(urls[number%len(urls):], urls[:number%len(urls)]...)
	return clientv3.New(clientv3.Config{
		Endpoints: urls, Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, host string) (net.Conn, error) { return dial[host](ctx) })},
	})
}

func bareMutex(ctx context.Context, client *clientv3.Client, _ int, on *track) error {
	session, err := concurrency.NewSession(client, concurrency.WithTTL(10))
	if err != nil {
		return err
	}
	mutex := concurrency.NewMutex(session, "bare/mutex")
	for again := true; again; {
		if err := mutex.Lock(ctx); err != nil {
			return err
		}
		if err := mutex.Unlock(ctx); err != nil {
			return err
		}
		again = on.turn()
	}
	return session.Close()
}

func bareFastQueue(ctx context.Context, client *clientv3.Client, number int, on *track) error {
	l, err := locks.FastQueue(ctx, lock.Env{Client: client, Name: "bare/fastqueue", TTL: 10 * time.Second, ClientID: fmt.Sprint(number)})
	if err != nil {
		return err
	}
	for again := true; again; {
		hold, err := l.Acquire(ctx)
		if err != nil {
			return err
		}
		if again = on.turn(); again {
			err = l.(lock.Requeuer).Requeue(ctx, hold)
		} else {
			err = hold.Release(ctx)
		}
		if err != nil {
			return err
		}
	}
	return l.Close()
}
