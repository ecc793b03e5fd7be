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
// acquire, through a client that no fault touches.
type truth struct {
	client *clientv3.Client
	rec    *history.Recorder
	next   int64 // revision to watch from
	stop   context.CancelFunc
	done   chan error
}

// endKey is written at the end: when the watch tells of it, it has told of everything.
const endKey = locksPrefix + "-end"

func watchTruth(ctx context.Context, client *clientv3.Client, rec *history.Recorder) (*truth, error) {
	asking, cancel := context.WithTimeout(ctx, immediate)
	defer cancel()
	now, err := client.Get(asking, endKey)
	if err != nil {
		return nil, fmt.Errorf("ask for the first revision: %w", err)
	}
	t := &truth{client: client, rec: rec, next: now.Header.Revision + 1, done: make(chan error, 1)}
	watching, stop := context.WithCancel(ctx)
	t.stop = stop
	go func() { t.done <- t.watch(watching) }()
	return t, nil
}

// watch follows the prefix, again from where it was when the stream breaks. A watch on a member
// without a leader is ended by etcd and goes on at another one.
func (t *truth) watch(ctx context.Context) error {
	for ctx.Err() == nil {
		stream := t.client.Watch(clientv3.WithRequireLeader(ctx), locksPrefix,
			clientv3.WithPrefix(), clientv3.WithPrevKV(), clientv3.WithRev(t.next))
		for resp := range stream {
			if resp.CompactRevision > t.next {
				return fmt.Errorf("ground truth: revisions %d to %d were compacted before they were seen", t.next, resp.CompactRevision)
			}
			for _, e := range resp.Events {
				if string(e.Kv.Key) == endKey {
					return nil
				}
				t.record(ctx, e)
				t.next = e.Kv.ModRevision // the rest of its transaction has the same revision
			}
			if len(resp.Events) > 0 {
				t.next++
			}
		}
	}
	return errors.New("ground truth: the watch was ended before its end mark came")
}

func (t *truth) record(ctx context.Context, e *clientv3.Event) {
	switch {
	case e.IsCreate():
		seen := keyEvent(history.Created, string(e.Kv.Key), e.Kv.ModRevision)
		seen.Token, seen.Lease = e.Kv.CreateRevision, e.Kv.Lease
		t.rec.Info(seen)
	case e.Type == clientv3.EventTypeDelete && e.PrevKv != nil:
		seen := keyEvent(history.Deleted, string(e.Kv.Key), e.Kv.ModRevision)
		seen.Token, seen.Lease = e.PrevKv.CreateRevision, e.PrevKv.Lease
		seen.Outcome = t.survivor(ctx, e.PrevKv.Lease)
		t.rec.Info(seen)
	}
}

// survivor tells whether the lease of a deleted key is still alive: if so, it was not the lease's
// end that deleted the key.
func (t *truth) survivor(ctx context.Context, lease int64) history.Outcome {
	if lease == 0 {
		return history.OK
	}
	alive, err := leases{t.client}.Alive(ctx, clientv3.LeaseID(lease))
	switch {
	case err != nil:
		return history.Unknown
	case alive:
		return history.OK
	}
	return history.Fail
}

func keyEvent(op history.Op, key string, revision int64) history.Event {
	name, _, _ := strings.Cut(strings.TrimPrefix(key, locksPrefix), "/")
	return history.Event{Op: op, Process: history.Nemesis, Client: history.Nemesis, Key: name, Note: key, Pos: revision}
}

// close waits until everything up to now was recorded.
func (t *truth) close(ctx context.Context) error {
	defer t.stop()
	putting, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	if _, err := t.client.Put(putting, endKey, ""); err != nil {
		return fmt.Errorf("mark the end of the ground truth: %w", err)
	}
	select {
	case err := <-t.done:
		return err
	case <-putting.Done():
		return errors.New("ground truth: the end mark was not seen")
	}
}
