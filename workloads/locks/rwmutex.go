package locks

import (
	"context"
	"fmt"
	"reflect"

	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"

	"lockquake/workloads/lock"
)

// RWMutex is the RWMutex of etcd's experimental recipes. Acquire is the writer's, AcquireShared the
// reader's.
//
// Protocol: one session per lock. A writer creates name/write/<time> under the session's lease and waits
// until no key below name/ is older; a reader creates name/read/<time> and waits until no writer's is. A
// release deletes the own key, which no later hold shares. The recipe knows no contexts: where ctx ends first,
// Acquire walks away from the call and ends the session, so that the key is gone and nobody waits for it.
//
// Requests: Txn, a Get that finds no key in the way, and Delete; a Get and a watch more for each key that is
// waited for. A waiter watches the newest of the keys that it waits for. The token is the key's create
// revision, which the recipe keeps to itself.
//
// Hazards: whoever waited does not look at its own key when its turn comes, so a waiter that lost its
// lease is let in beside the true holder: two writers, with the token of a key that is gone (etcd-16221); a
// wait that was walked away from goes on until what it waits for is gone, or the client closed; Delete does not
// say whether the key was there; and a holder that is paused or cut off past its TTL goes on
// (pause-no-fence). It promises exclusive in calm, and nothing for an unfenced resource under faults.
func RWMutex(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &rwMutex{sessions{env: env}})
}

type rwMutex struct {
	sessions
}

// call is one of the recipe's four.
type call func(*recipe.RWMutex) error

func (l *rwMutex) Acquire(ctx context.Context) (lock.Hold, error) {
	return l.acquire(ctx, (*recipe.RWMutex).Lock, (*recipe.RWMutex).Unlock)
}

func (l *rwMutex) AcquireShared(ctx context.Context) (lock.Hold, error) {
	return l.acquire(ctx, (*recipe.RWMutex).RLock, (*recipe.RWMutex).RUnlock)
}

func (l *rwMutex) acquire(ctx context.Context, take, give call) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	m := recipe.NewRWMutex(session, l.env.Name)
	if err := until(ctx, func() error { return take(m) }); err != nil {
		return lock.Hold{}, l.abandon(session, fmt.Errorf("lock %s: %w", l.env.Name, err))
	}
	key, token := keyOf(m)
	return lock.Hold{
		Token: token,
		Key:   key,
		Lease: session.Lease(),
		Lost:  session.Done(),
		Release: func(ctx context.Context) error {
			return l.settle(session, until(ctx, func() error { return give(m) }))
		},
	}, nil
}

// keyOf reads the recipe's own notes. To look the key up in etcd would cost a request more than the recipe
// needs, and would not find the key of a phantom (etcd-16221), which is what has to be shown.
func keyOf(m *recipe.RWMutex) (key string, created int64) {
	kv := reflect.ValueOf(m).Elem().FieldByName("myKey").Elem()
	return kv.FieldByName("key").String(), kv.FieldByName("rev").Int()
}
