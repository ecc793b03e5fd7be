package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker/history"
)

// truth records what really became of the lock's keys: a watch of their prefix from before the first
// acquire, through a client that no fault touches. Events are recorded as they come, in the order of their
// revisions; what the watch cannot see any more is recorded as a gap.
type truth struct {
	client *clientv3.Client
	prefix string // of the lock's keys
	rec    Notes
	fates  *inquiry
	next   int64 // the first revision that was not seen yet
	stop   context.CancelFunc
	done   chan struct{}
}

// Notes take down what the ground truth tells, an event at a time, and give its sequence number.
type Notes interface{ Info(history.Event) int64 }

// WatchTruth begins the ground truth of the locks whose keys begin with a prefix: it notes every creation and
// deletion of a key and, of each deletion, whether the key's lease outlived it (history.Alive). The func waits
// until everything up to its call was noted, and ends the watch. For those who have no Run around them, and
// time: only ctx limits what etcd is asked.
func WatchTruth(ctx context.Context, client *clientv3.Client, prefix string, rec Notes) (end func(context.Context) error, err error) {
	now, err := client.Get(ctx, prefix)
	if err != nil {
		return nil, fmt.Errorf("ask for the first revision: %w", err)
	}
	t := newTruth(now.Header.Revision+1, client, prefix, rec, func(lease clientv3.LeaseID) (bool, error) { return leases{client}.isAlive(ctx, lease) })
	t.begin(ctx)
	return t.close, nil
}

// endKey is written at the end: when the watch tells of it, it has told of everything.
func (t *truth) endKey() string { return t.prefix + "-end" }

func watchTruth(ctx context.Context, client *clientv3.Client, prefix string, rec Notes) (*truth, error) {
	asking, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	now, err := client.Get(asking, prefix)
	if err != nil {
		return nil, fmt.Errorf("ask for the first revision: %w", err)
	}
	return watchTruthFrom(ctx, now.Header.Revision+1, client, prefix, rec), nil
}

func watchTruthFrom(ctx context.Context, revision int64, client *clientv3.Client, prefix string, rec Notes) *truth {
	alive := func(lease clientv3.LeaseID) (bool, error) { return leases{client}.Alive(ctx, lease) }
	t := newTruth(revision, client, prefix, rec, alive)
	t.begin(ctx)
	return t
}

func newTruth(revision int64, client *clientv3.Client, prefix string, rec Notes, alive func(clientv3.LeaseID) (bool, error)) *truth {
	return &truth{client: client, prefix: prefix, rec: rec, fates: newInquiry(rec, alive), next: revision, done: make(chan struct{})}
}

func (t *truth) begin(ctx context.Context) {
	ctx, t.stop = context.WithCancel(ctx)
	go func() {
		defer close(t.done)
		t.watch(ctx)
	}()
}

// watch follows the prefix until the end mark, again from where it was when the stream breaks. A watch on
// a member without a leader is ended by etcd and goes on at another one.
func (t *truth) watch(ctx context.Context) {
	for ctx.Err() == nil {
		compacted, ended := t.follow(ctx)
		if compacted > 0 {
			ended = t.skip(ctx, compacted)
		}
		if ended {
			return
		}
		sleep(ctx, retry)
	}
	t.gap(0)
}

// follow records what one stream tells, until it tells of the end mark, of a compaction or nothing more.
func (t *truth) follow(ctx context.Context) (compacted int64, ended bool) {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	for resp := range t.client.Watch(ctx, t.prefix, clientv3.WithPrefix(), clientv3.WithPrevKV(), clientv3.WithRev(t.next)) {
		if resp.CompactRevision > 0 {
			return resp.CompactRevision, false
		}
		for _, e := range resp.Events {
			if string(e.Kv.Key) == t.endKey() {
				return 0, true
			}
			t.record(e)
			t.next = e.Kv.ModRevision // the rest of its transaction has the same revision
		}
		if len(resp.Events) > 0 {
			t.next++
		}
	}
	return 0, false
}

// skip goes on behind the compacted revision, from the keys that were there at it. If that cannot be
// read, the next stream says what can be: by then more may have been compacted.
func (t *truth) skip(ctx context.Context, compacted int64) (ended bool) {
	ctx, cancel := context.WithTimeout(ctx, immediate)
	defer cancel()
	state, err := t.client.Get(ctx, t.prefix, clientv3.WithPrefix(), clientv3.WithRev(compacted))
	if err != nil {
		return false
	}
	t.gap(compacted + 1)
	t.next = compacted + 1
	for _, kv := range state.Kvs {
		if string(kv.Key) == t.endKey() {
			ended = true
			continue
		}
		seen := t.keyEvent(history.Created, string(kv.Key), compacted)
		seen.Token, seen.Lease = kv.CreateRevision, kv.Lease
		t.rec.Info(seen)
	}
	return ended
}

// gap tells that what happened before a revision was not seen; 0: nor what came later.
func (t *truth) gap(until int64) {
	t.rec.Info(history.Event{
		Op: history.Gap, Process: history.Nemesis, Client: history.Nemesis, Pos: t.next, Value: until,
	})
}

func (t *truth) record(e *clientv3.Event) {
	switch {
	case e.IsCreate():
		seen := t.keyEvent(history.Created, string(e.Kv.Key), e.Kv.ModRevision)
		seen.Token, seen.Lease = e.Kv.CreateRevision, e.Kv.Lease
		t.rec.Info(seen)
	case e.Type == clientv3.EventTypeDelete && e.PrevKv != nil:
		seen := t.keyEvent(history.Deleted, string(e.Kv.Key), e.Kv.ModRevision)
		seen.Token, seen.Lease = e.PrevKv.CreateRevision, e.PrevKv.Lease
		t.recordDeletion(seen)
	}
}

func (t *truth) recordDeletion(e history.Event) {
	if e.Lease == 0 {
		e.Outcome = history.OK // no lease's end deleted it
		t.rec.Info(e)
		return
	}
	t.fates.deleted(e.Token, deletion{t.rec.Info(e), e.Lease})
}

func (t *truth) keyEvent(op history.Op, key string, revision int64) history.Event {
	name, _, _ := strings.Cut(strings.TrimPrefix(key, t.prefix), "/")
	return history.Event{Op: op, Process: history.Nemesis, Client: history.Nemesis, Key: name, Note: key, Pos: revision}
}

// close waits until everything up to now was recorded. What the watch has not told of by then is a gap.
func (t *truth) close(ctx context.Context) error {
	putting, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	_, err := t.client.Put(putting, t.endKey(), "")
	if err != nil {
		err = fmt.Errorf("mark the end of the ground truth: %w", err)
		cancel()
	}
	select {
	case <-t.done:
	case <-putting.Done():
	}
	t.stop()
	<-t.done
	return errors.Join(err, t.fates.close())
}
