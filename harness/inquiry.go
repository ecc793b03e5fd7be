package harness

import (
	"sync"

	"golang.org/x/sync/errgroup"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
)

// inquiry asks etcd whether the lease of a deleted key lives on: if so, it was not the lease's end that
// deleted the key. The watch does not wait for it. A key that its owner has just released needs no question.
type inquiry struct {
	rec    Notes
	alive  func(clientv3.LeaseID) (bool, error)
	asking errgroup.Group

	mu    sync.Mutex
	given map[int64]*giving // by token
}

// giving is a release that was begun.
type giving struct {
	succeeded bool
	gone      deletion // seen while the release was open; zero: not yet
}

// deletion is a recorded one, by its sequence number.
type deletion struct {
	seq, lease int64
}

// questions is how many may be open at once. Beyond, a deletion's cause stays unknown.
const questions = 64

// tries is how often one is asked that gets no answer: a member that is cut off gives none, the next one may. By then a
// lease that was alive may have ended, and who deleted the key goes free; nobody is accused who did not.
const tries = 5

func newInquiry(rec Notes, alive func(clientv3.LeaseID) (bool, error)) *inquiry {
	q := &inquiry{rec: rec, alive: alive, given: map[int64]*giving{}}
	q.asking.SetLimit(questions)
	return q
}

// releasing is told of a release before it is asked for, and the func of how it ended.
func (q *inquiry) releasing(token int64) func(error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	g := &giving{}
	q.given[token] = g
	return func(err error) { q.released(token, g, err) }
}

func (q *inquiry) released(token int64, g *giving, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	g.succeeded = err == nil
	seen := g.gone != deletion{}
	if seen || !g.succeeded {
		delete(q.given, token)
	}
	if seen && !g.succeeded {
		q.ask(g.gone)
	}
}

// deleted is told of each deletion of a key with a lease.
func (q *inquiry) deleted(token int64, d deletion) {
	q.mu.Lock()
	defer q.mu.Unlock()
	g := q.given[token]
	switch {
	case g == nil:
		q.ask(d)
	case g.succeeded:
		delete(q.given, token)
	default:
		g.gone = d
	}
}

func (q *inquiry) ask(d deletion) {
	q.asking.TryGo(func() error {
		answer := history.Event{
			Op: history.Alive, Process: history.Nemesis, Client: history.Nemesis, ID: history.OpID(d.seq), Lease: d.lease,
		}
		alive, err := q.alive(clientv3.LeaseID(d.lease))
		for tried := 1; err != nil && tried < tries; tried++ {
			alive, err = q.alive(clientv3.LeaseID(d.lease))
		}
		switch {
		case err != nil:
			answer.Error = err.Error()
		case alive:
			answer.Outcome = history.OK
		default:
			answer.Outcome = history.Fail
		}
		q.rec.Info(answer)
		return nil
	})
}

// close waits for the answers.
func (q *inquiry) close() error { return q.asking.Wait() }
