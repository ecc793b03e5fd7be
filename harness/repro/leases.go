package repro

import (
	"fmt"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
)

// leases are those that a client was granted. What it learns of them is recorded.
type leases struct {
	rec    *history.Recorder
	client int32

	mu      sync.Mutex
	granted []clientv3.LeaseID
	renewed map[clientv3.LeaseID]time.Time // when the latest renewal that was answered was sent
}

func (l *leases) observer() cluster.LeaseObserver {
	return cluster.LeaseObserver{Granted: l.hasGranted, Renewed: l.hasRenewed}
}

func (l *leases) hasGranted(lease int64, ttl time.Duration, sent time.Time) {
	l.learn(history.Granted, lease, ttl, sent)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.granted = append(l.granted, clientv3.LeaseID(lease))
}

func (l *leases) hasRenewed(lease int64, ttl time.Duration, sent time.Time) {
	l.learn(history.Renewed, lease, ttl, sent)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewed[clientv3.LeaseID(lease)] = sent
}

func (l *leases) learn(op history.Op, lease int64, ttl time.Duration, sent time.Time) {
	l.rec.Info(history.Event{
		Op: op, Process: history.Nemesis, Client: l.client, Lease: lease, Value: int64(ttl), Sent: l.rec.Since(sent),
	})
}

// renewedSince tells whether a lease was renewed by a request that was sent after a time.
func (l *leases) renewedSince(lease clientv3.LeaseID, t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed[lease].After(t)
}

// all are the leases that were granted until now.
func (l *leases) all() []clientv3.LeaseID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.granted)
}

// latestLease is the last one that the process's client was granted.
func (p *process) latestLease() clientv3.LeaseID {
	granted := p.client.leases.all()
	if len(granted) == 0 {
		p.s.fail(fmt.Errorf("%s was granted no lease", p))
	}
	return granted[len(granted)-1]
}
