package locks

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
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
// Where the watch breaks (compaction, a member without a leader), or is silent for longer than patience
// though something happened, the line is read again, and the next watch goes on from there.
type follower struct {
	kv       clientv3.KV
	watcher  clientv3.Watcher
	prefix   string
	patience time.Duration // a watch that is silent for so long may be given up
	rule     rule
	stream   int // how many watches were given up

	mu      sync.Mutex
	line    queueLine
	latest  int64     // a revision that there is
	tickets []*ticket // at most the one that holds the lock and the one behind it
}

// follow goes on until ctx ends.
func (f *follower) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if f.read(ctx) == nil {
			f.watch(ctx)
		}
		_ = pause(ctx, retryPause)
	}
}

// read reads the line as it is now.
func (f *follower) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	found, err := f.kv.Get(ctx, f.prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly(),
		clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))
	if err != nil {
		return fmt.Errorf("read the line at %s: %w", f.prefix, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.line = lineOf(found)
	f.judge(true)
	return nil
}

// watch takes in what one watch tells, until it breaks or is given up.
//
// A member that is stopped or cut off says nothing, not even that; and clientv3 puts all watches of a client
// whose contexts say the same on one stream, and so on one member. So what follows a watch that was given up has
// a new stream, at another member if there is one.
func (f *follower) watch(ctx context.Context) {
	ctx = metadata.AppendToOutgoingContext(clientv3.WithRequireLeader(ctx), "lock-line", strconv.Itoa(f.stream))
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx)
	var quiet atomic.Int32
	created := make(chan struct{})
	var attending sync.WaitGroup
	attending.Go(func() {
		defer cancel()
		f.attend(ctx, &quiet)
		select { // the stream of a watch that is ended before etcd has answered clientv3 leaves open
		case <-created:
		case <-time.After(requestTimeout):
		}
	})
	defer attending.Wait()
	defer stop()
	answers := f.watcher.Watch(watching, f.prefix, clientv3.WithPrefix(), clientv3.WithRev(f.line.at+1))
	close(created)
	for answer := range answers {
		quiet.Store(0)
		if answer.Err() != nil {
			return
		}
		f.take(answer.Events, len(answers) > 0)
	}
}

// attend asks etcd for a sign of life on the watch now and then, if there are tickets, and returns where there
// was none for too long. Only then may the watch be ended: clientv3 opens a stream for a question that finds
// none, and nobody would close that.
func (f *follower) attend(ctx context.Context, quiet *atomic.Int32) {
	for pause(ctx, f.patience/3) == nil {
		switch {
		case !f.inUse():
			quiet.Store(0)
		case quiet.Add(1) > 3 && f.behind():
			f.stream++
			return
		default:
			asking, cancel := context.WithTimeout(ctx, f.patience/3)
			_ = f.watcher.RequestProgress(asking) // where it cannot even be asked for there is none
			cancel()
		}
	}
}

// behind tells whether anything has happened in etcd that the watch did not tell of. While nothing has,
// etcd gives no sign of life, either.
func (f *follower) behind() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest > f.line.at
}

// heard tells of a revision that there is by now.
func (f *follower) heard(revision int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latest = max(f.latest, revision)
}

// take applies events of whole revisions. Where more have come it is too early to grant anything: what made
// it a ticket's turn may be long ago, and the key's end among those to come. Once it is the ticket's turn nobody
// else has one, and no more come.
func (f *follower) take(events []*clientv3.Event, more bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		f.line.apply(e)
	}
	f.judge(!more)
}

// judge tells each ticket what has become of it. A key that is not there is gone only if the line is known up
// to the revision of its creation.
func (f *follower) judge(granting bool) {
	f.dismiss(func(t *ticket) bool {
		i := f.line.find(t.key)
		if i >= 0 && granting && !isClosed(t.turn) {
			f.see(t, f.line.places[i].created)
		}
		return i < 0 && t.created != 0 && t.created <= f.line.at
	})
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
	f.judge(true)
}

// forget stops telling a ticket anything.
func (f *follower) forget(t *ticket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tickets = slices.DeleteFunc(f.tickets, func(other *ticket) bool { return other == t })
}

// inUse tells whether there are tickets.
func (f *follower) inUse() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.tickets) > 0
}

// ended tells the tickets under a lease that it is over, and whether there were any.
func (f *follower) ended(l *trustedLease) (left bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.tickets)
	f.dismiss(func(t *ticket) bool { return t.lease == l })
	return len(f.tickets) < before
}

// dismiss tells tickets that they are lost, and forgets them.
func (f *follower) dismiss(lost func(*ticket) bool) {
	f.tickets = slices.DeleteFunc(f.tickets, func(t *ticket) bool {
		if !lost(t) {
			return false
		}
		close(t.gone)
		return true
	})
}
