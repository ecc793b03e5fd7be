package repro

import (
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
	"lockquake/workloads/lock"
)

// lastReader is the number of the client that reads at the end; those of the script have smaller ones.
const lastReader = 20

// client is a connection to etcd.
type client struct {
	*cluster.Client
	*wire
	*leases
	number int32
}

// process is an actor of the script with a client and, for each key, a lock: it does one thing at a time.
type process struct {
	s      *scene
	client *client
	id     int32
	env    lock.Env
	lock   lock.Lock
}

func (p *process) String() string { return fmt.Sprintf("c%d", p.client.number) }

// client opens a client, and a process of it.
func (s *scene) client(number int32) *process { return s.clientOf(number, key, longTTL) }

// shortLived opens client 0, whose leases are to end by themselves.
func (s *scene) shortLived() *process { return s.clientOf(0, key, shortTTL) }

// renewing opens a client whose leases are to be renewed past their TTL.
func (s *scene) renewing(number int32) *process { return s.clientOf(number, key, midTTL) }

func (s *scene) clientOf(number int32, key string, ttl time.Duration) *process {
	c := &client{number: number, wire: &wire{}, leases: &leases{rec: s.rec, client: number, renewed: map[clientv3.LeaseID]time.Time{}}}
	var err error
	c.Client, err = s.cluster.Client(s.ctx, cluster.ClientConfig{
		Number: int(number), Leases: c.observer(), DialOptions: c.options(),
	})
	s.fail(err)
	s.clients = append(s.clients, c)
	return s.process(c, key, ttl)
}

// process opens a lock for a client, and gives the process that uses it.
func (s *scene) process(c *client, key string, ttl time.Duration) *process {
	p := &process{s: s, client: c, id: s.processes.Add(1), env: lock.Env{
		Client: c.Etcd, Name: prefix + key, TTL: ttl, ClientID: fmt.Sprintf("c%d", c.number),
	}}
	p.opens()
	return p
}

// opens opens the lock. A lease that is not granted in time, on a busy machine, is asked for again.
func (p *process) opens() {
	var err error
	for range mostTries {
		if p.lock, err = p.s.variant.open(p.s.ctx, p.env); err == nil {
			return
		}
	}
	p.s.fail(fmt.Errorf("open the lock of %s: %w", p, err))
}

// key is the lock's name in the history.
func (p *process) key() string { return p.env.Name[len(prefix):] }

func (p *process) event(op history.Op, h *hold) history.Event {
	e := history.Event{Op: op, Process: p.id, Client: p.client.number, Key: p.key()}
	if h != nil {
		e.Hold, e.Token = h.ID, h.Token
	}
	return e
}

// returned records the end of a call by its error. A process whose call ended unknown goes on under another
// number.
func (p *process) returned(call history.Call, err error, e history.Event) history.Outcome {
	outcome := history.OK
	if err != nil {
		outcome, e.Error = history.Unknown, err.Error()
		if errors.Is(err, lock.ErrDefinite) {
			outcome = history.Fail
		}
	}
	if outcome == history.Unknown {
		p.id = p.s.processes.Add(1)
	}
	call.Return(outcome, e)
	return outcome
}
