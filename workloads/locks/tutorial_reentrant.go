package locks

import (
	"context"

	"lockquake/workloads/lock"
)

// TutorialReentrant is Tutorial with the usual extension for nested acquires: where the key is taken
// and its value is the own client id, the lock counts as held.
//
// Requests and waiting are those of Tutorial. The token and the lease of such a nested hold are
// those of the key that was found.
//
// Hazards, besides Tutorial's: holds are not counted, so the inner release frees the lock under the
// outer hold; two goroutines or processes with one client id are both "reentrant"; a client that
// starts again, or whose acquire got no answer, takes over a key whose lease nobody renews; between
// the answer "mine" and its arrival the lease may end. It promises exclusive in calm for clients
// with different ids that do not nest, and nothing for an unfenced resource under faults.
func TutorialReentrant(_ context.Context, env lock.Env) (lock.Lock, error) {
	mine := func(key found) bool { return key.value == env.ClientID }
	return &tutorialReentrant{tutorial{sessions{env: env}, mine, freeByName}}, nil
}

type tutorialReentrant struct {
	tutorial
}

// Reacquire is Acquire again, which finds the own client id.
func (t *tutorialReentrant) Reacquire(ctx context.Context) (lock.Hold, error) { return t.Acquire(ctx) }
