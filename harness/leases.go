package harness

import (
	"context"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/nemesis"
)

// leases asks etcd for leases.
type leases struct{ client *clientv3.Client }

func (l leases) Revoke(ctx context.Context, id clientv3.LeaseID) (int64, error) {
	resp, err := l.client.Revoke(ctx, id)
	if err != nil {
		return 0, err
	}
	return resp.Header.Revision, nil
}

func (l leases) Alive(ctx context.Context, id clientv3.LeaseID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, immediate)
	defer cancel()
	return l.isAlive(ctx, id)
}

func (l leases) isAlive(ctx context.Context, id clientv3.LeaseID) (bool, error) {
	resp, err := l.client.TimeToLive(ctx, id)
	if err != nil {
		return false, err
	}
	// What is left is given in whole seconds, rounded down; -1 is for a lease that does not exist.
	return resp.TTL >= 0, nil
}

// waitersLease is the lease behind a waiter's key in the queue or, where waiters have no key, the last
// one that it was granted.
func (r *run) waitersLease(ctx context.Context, waiter nemesis.Victim) clientv3.LeaseID {
	granted := r.board.grantedTo(waiter.Client)
	if len(granted) == 0 {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, immediate)
	defer cancel()
	queue, err := r.control.Etcd().Get(ctx, r.parts.Place.Prefix.locks()+waiter.Key, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return granted[len(granted)-1]
	}
	for _, kv := range queue.Kvs {
		if id := clientv3.LeaseID(kv.Lease); slices.Contains(granted, id) {
			return id
		}
	}
	return granted[len(granted)-1]
}
