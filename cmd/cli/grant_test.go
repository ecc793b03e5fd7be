package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
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
	for _, c := range []struct {
		name     string
		open     lock.Strategy
		validity checker.Validity
		culprit  string
		why      []string
	}{
		{"mutex", locks.Mutex, checker.Valid, "", []string{"each when its key was the oldest"}},
		{"mutex-norecheck", locks.MutexNoRecheck, checker.Invalid, "strategy", []string{
			"went with its lease (revision ", ", by revoke-waiter), while the older lockquake/locks/k0/", "was there: the strategy did not look again",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := checker.Grant{}.Check(struckWaiters(t, c.name, c.open))
			if v.Validity != c.validity || v.Culprit != c.culprit {
				t.Errorf("%v by %q: %s", v.Validity, v.Culprit, v.Why)
			}
			for _, text := range c.why {
				if !strings.Contains(v.Why, text) {
					t.Errorf("%s: %q is missing", v.Why, text)
				}
			}
		})
	}
}

// struckWaiters is the history of a lock whose waiters lose their leases, on a real cluster.
func struckWaiters(t *testing.T, name string, open lock.Strategy) history.History {
	t.Helper()
	fault := &revokeWaiter{}
	settings := harness.Settings{
		Members: 1, Clients: 4, Keys: 1, TTL: 5 * time.Second, Hold: 30 * time.Millisecond,
		Warmup: 200 * time.Millisecond, Duration: 600 * time.Millisecond, Resource: harness.InMemory, Repeat: 1, Seed: 7,
	}
	plan := harness.Draw(settings, []harness.Subject{{Name: name}}, []harness.Threat{{Name: "revoke-waiter", Fault: fault}})
	var out bytes.Buffer
	parts := harness.Parts{Strategy: fault.show(open), Fault: fault, Start: harness.Embedded(1, t.TempDir())}
	if err := harness.Run(t.Context(), plan.Cells[0], parts, &out); err != nil {
		t.Fatal(err)
	}
	h, err := history.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if struck := h.Injections(); len(struck) == 0 || !struck[0].Observed() {
		t.Fatalf("nobody was struck: %+v", struck)
	}
	return h
}
