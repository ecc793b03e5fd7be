package cli

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/nemesis"
	"lockquake/workloads/lock"
)

// revokeWaiter ends the lease of the client that waits next to the holder. It knows the lock's keys from
// the strategies that it was shown.
type revokeWaiter struct {
	mu    sync.Mutex
	shown lock.Env
}

func (f *revokeWaiter) show(open lock.Strategy) lock.Strategy {
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		f.mu.Lock()
		f.shown = env
		f.mu.Unlock()
		return open(ctx, env)
	}
}

func (f *revokeWaiter) AimsAtHolder() {}

func (f *revokeWaiter) Inject(ctx context.Context, t nemesis.Target) (nemesis.Injected, error) {
	f.mu.Lock()
	env := f.shown
	f.mu.Unlock()
	queue, err := env.Client.Get(ctx, env.Name+"/", clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))
	if err != nil {
		return nemesis.Injected{}, err
	}
	if len(queue.Kvs) < 2 {
		return nemesis.Injected{}, fmt.Errorf("nobody waits: %d keys", len(queue.Kvs))
	}
	lease := clientv3.LeaseID(queue.Kvs[1].Lease)
	if _, err := t.Leases.Revoke(ctx, lease); err != nil {
		return nemesis.Injected{}, err
	}
	heal := func(ctx context.Context) (nemesis.Evidence, error) {
		alive, err := t.Leases.Alive(ctx, lease)
		return nemesis.Evidence{Observed: !alive, What: "lease gone"}, err
	}
	return nemesis.Injected{To: "a waiter", Lease: lease, Heal: heal}, nil
}

// etcd-11456: of two locks, the one that does not look at its own key again is granted out of turn.
func TestGrantFindsTheWaiterThatLostItsLease(t *testing.T) {
	t.Chdir(t.TempDir())
	fault := &revokeWaiter{}
	c := Builtin()
	c.Faults = append(c.Faults, Entry[nemesis.Fault]{"revoke-waiter", "a waiter's lease is revoked", fault})
	for i := range c.Strategies {
		c.Strategies[i].Value.Open = fault.show(c.Strategies[i].Value.Open)
	}
	var out, log bytes.Buffer
	args := []string{"run", "--strategy", "mutex,mutex-norecheck", "--fault", "revoke-waiter", "--duration", "500ms", "--warmup", "200ms", "--hold", "50ms", "--seed", "5"}
	code := run(t.Context(), c, args, &out, &log)
	said{code, out.String(), log.String()}.want(t, exitBroken,
		"RESULT: 1 of 2 cells held, 1 broken",
		"mutex-norecheck under revoke-waiter",
		"went with its lease (revision ", ", by revoke-waiter), while the older lockquake/locks/k0/",
		"was there: the strategy did not look again")
	call(t, "check", "latest", "--want", "promised").want(t, exitHeld, "RESULT: 2 of 2 cells held")
}
