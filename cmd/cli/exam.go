package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"lockquake/harness/cluster"
	"lockquake/workloads/lock"
	"lockquake/workloads/program"
)

// mark is what came of one check of a program.
type mark struct {
	Check  string     `json:"check"`
	Result markResult `json:"result"`
	What   string     `json:"what,omitempty"`
}

type markResult string

const (
	markOK      markResult = "ok"
	markWrong   markResult = "wrong"
	markMissing markResult = "missing" // what a program may leave out
)

// missing is the error of a check that a program gives nothing to judge by.
type missing string

func (m missing) Error() string { return string(m) }

const (
	// examPatience is for what takes no waiting.
	examPatience = 10 * time.Second
	// examLate is how late an end of a lease may come, and be noticed.
	examLate = 2 * time.Second
	// examined is how many checks are made at a time; they mostly wait.
	examined = 4
)

// exam examines a program. Each check has a lock of its own.
type exam struct {
	examOptions
	cluster *cluster.Cluster
	control *cluster.Client
}

func (e exam) marks(ctx context.Context, a app) []mark {
	checks := examChecks()
	marks := make([]mark, len(checks))
	var group errgroup.Group
	group.SetLimit(examined)
	var done atomic.Int32
	var trying steps
	trying.next("trying the program, 0 of %d checks done", len(checks))
	defer a.watch(ctx, &trying)()
	for i, c := range checks {
		group.Go(func() error {
			s := &sitting{exam: e, name: fmt.Sprintf("lockquake/locks/k%d", i)}
			marks[i] = s.mark(ctx, c)
			trying.next("trying the program, %d of %d checks done", done.Add(1), len(checks))
			return nil
		})
	}
	_ = group.Wait() // what went wrong is in the marks
	return marks
}

// sitting is one check, and the clients that it has.
type sitting struct {
	exam
	name   string // of the lock
	opened []*seat
}

// seat is a client with its lock, and what that told of its leases.
type seat struct {
	lock.Lock
	client *cluster.Client

	mu   sync.Mutex
	told map[int64]int // how often, by lease
}

func (s *sitting) mark(ctx context.Context, c examCheck) mark {
	what, err := c.try(ctx, s)
	for _, open := range s.opened {
		err = errors.Join(err, open.leave(err == nil))
	}
	lacks := missing("")
	switch {
	case err == nil:
		return mark{c.name, markOK, what}
	case errors.As(err, &lacks):
		return mark{c.name, markMissing, lacks.Error()}
	}
	return mark{c.name, markWrong, err.Error()}
}

// leave is told whether all was well until now: then it must go on to the end.
func (c *seat) leave(well bool) error {
	var err error
	if c.Lock != nil {
		err = c.Close()
	}
	if !well {
		err = nil
	}
	return errors.Join(err, c.client.Close())
}

func (s *sitting) open(ctx context.Context) (*seat, error) {
	number := len(s.opened)
	client, err := s.cluster.Client(ctx, cluster.ClientConfig{Number: number})
	if err != nil {
		return nil, err
	}
	c := &seat{client: client, told: map[int64]int{}}
	s.opened = append(s.opened, c)
	tell := func(lease int64, _ time.Duration, _ time.Time) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told[lease]++
	}
	c.Lock, err = program.Strategy(s.command)(ctx, lock.Env{
		Client: client.Etcd, Name: s.name, TTL: s.ttl, ClientID: fmt.Sprintf("c%d", number), Permits: 1,
		Endpoints: client.Endpoints, Granted: tell, Renewed: tell, Dir: s.logs,
	})
	return c, err
}

// holding opens a client that acquires the lock.
func (s *sitting) holding(ctx context.Context) (*seat, lock.Hold, error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, lock.Hold{}, err
	}
	hold, err := c.acquire(ctx, examPatience)
	return c, hold, err
}

func (c *seat) acquire(ctx context.Context, patience time.Duration) (lock.Hold, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	hold, err := c.Acquire(ctx)
	if err != nil {
		return hold, fmt.Errorf("acquire, within %v: %w", patience, err)
	}
	return hold, nil
}

func release(ctx context.Context, hold lock.Hold) error {
	ctx, cancel := context.WithTimeout(ctx, examPatience)
	defer cancel()
	if err := hold.Release(ctx); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return nil
}

// follows acquires the lock that somebody else had, in the time that etcd needs to end a lease.
func (s *sitting) follows(ctx context.Context, after string) error {
	c, err := s.open(ctx)
	if err != nil {
		return err
	}
	if _, err := c.acquire(ctx, s.ttl+examLate+examPatience); err != nil {
		return fmt.Errorf("%s another client could not have the lock: %w", after, err)
	}
	return nil
}
