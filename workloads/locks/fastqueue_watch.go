package locks

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"
)

// ticket is a key of this client's own in the line. The follower tells what becomes of it.
type ticket struct {
	key   string
	lease *trustedLease
	turn  chan struct{} // closed when it was the key's turn
	gone  chan struct{} // closed when the key was seen to be gone, or its lease cannot be trusted any more

	created int64       // its create revision; 0: not known yet. Of the follower until turn is closed
	isTurn  func() bool // nil: the key was not seen yet
}

func newTicket(key string, lease *trustedLease) *ticket {
	return &ticket{key: key, lease: lease, turn: make(chan struct{}), gone: make(chan struct{})}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// follower keeps a replica of the line of one lock, and tells tickets of their turn and of their loss.
//
// It goes by one watch of the prefix, in the order of revisions. The watch begins behind the revision of a
// range that was read before, never at the current one: such a watcher etcd serves every 100 ms only.
// Where the watch breaks (compaction, a member without a leader), or is silent for longer than patience,
// the line is read again, and the next watch goes on from there.
type follower struct {
	client   *clientv3.Client
	prefix   string
	stream   string        // no other watch of the client has this stream
	patience time.Duration // a watch that tells nothing for so long is given up
	rule     rule

	mu      sync.Mutex
	line    queueLine
	tickets []*ticket // at most the one that holds the lock and the one behind it
}

// follow goes on until ctx ends.
func (f *follower) follow(ctx context.Context) {
	for ctx.Err() == nil {
		f.watch(ctx)
		for f.read(ctx) != nil && pause(ctx, f.patience/20) == nil {
		}
	}
}

// read reads the line as it is now.
func (f *follower) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	found, err := f.client.Get(ctx, f.prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly(),
		clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))
	if err != nil {
		return fmt.Errorf("read the line at %s: %w", f.prefix, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.line = lineOf(found)
	f.judge()
	return nil
}

// watch takes in what one watch tells, until it breaks or falls silent.
//
// A member that is stopped or cut off says nothing, not even that; and clientv3 puts all watches of a
// client on one stream, and so on one member. So the watch has a stream of its own, which a new one
// replaces, at another member if there is one.
func (f *follower) watch(ctx context.Context) {
	watching, cancel := context.WithCancel(metadata.AppendToOutgoingContext(
		clientv3.WithRequireLeader(context.WithoutCancel(ctx)), "lock-line", f.stream))
	stop := f.askForProgress(watching)
	giveUp := func() { stop(); cancel() }
	defer giveUp()
	defer context.AfterFunc(ctx, giveUp)()
	silent := time.AfterFunc(f.patience, giveUp)
	defer silent.Stop()
	answers := f.client.Watch(watching, f.prefix, clientv3.WithPrefix(), clientv3.WithRev(f.line.at+1))
	for answer := range answers {
		silent.Reset(f.patience)
		if answer.Err() != nil {
			return
		}
		f.take(answer.Events, len(answers) > 0)
	}
}

// askForProgress has etcd give a sign of life on the watch now and then. It must be stopped before the watch
// is: clientv3 opens a stream for a question that finds none, and nobody would close that.
func (f *follower) askForProgress(watching context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(watching)
	var asking sync.WaitGroup
	asking.Go(func() {
		for pause(ctx, f.patience/3) == nil {
			_ = f.client.RequestProgress(ctx) // without an answer the watch is silent
		}
	})
	return func() { cancel(); asking.Wait() }
}

// take applies events of whole revisions. Where more have come already it is too early to judge: what made
// it a ticket's turn may be long ago.
func (f *follower) take(events []*clientv3.Event, more bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		f.line.apply(e)
	}
	if !more {
		f.judge()
	}
}

// judge tells each ticket what has become of it. A key that is not there is gone only if the line is known up
// to the revision of its creation.
func (f *follower) judge() {
	for _, t := range slices.Clone(f.tickets) {
		i := f.line.find(t.key)
		switch {
		case i < 0 && t.created != 0 && t.created <= f.line.at:
			f.lose(t)
		case i >= 0 && !isClosed(t.turn):
			f.see(t, f.line.places[i].created)
		}
	}
}

func (f *follower) see(t *ticket, created int64) {
	if t.isTurn == nil {
		t.created = created
		t.isTurn = f.rule(&f.line, t.key)
	}
	if t.isTurn() {
		close(t.turn)
	}
}

// expect makes a ticket known, before the request leaves that puts its key.
func (f *follower) expect(t *ticket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tickets = append(f.tickets, t)
}

// created tells the revision at which a ticket's key was put. The watch may have told of more by then.
func (f *follower) created(t *ticket, revision int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.created = revision
	f.judge()
}

// forget stops telling a ticket anything.
func (f *follower) forget(t *ticket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tickets = slices.DeleteFunc(f.tickets, func(other *ticket) bool { return other == t })
}

// ended tells the tickets under a lease that it is over.
func (f *follower) ended(l *trustedLease) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range slices.Clone(f.tickets) {
		if t.lease == l {
			f.lose(t)
		}
	}
}

// lose is called once for a ticket: then it is forgotten.
func (f *follower) lose(t *ticket) {
	close(t.gone)
	f.tickets = slices.DeleteFunc(f.tickets, func(other *ticket) bool { return other == t })
}
