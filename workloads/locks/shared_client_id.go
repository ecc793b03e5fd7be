package locks

import (
	"context"

	"lockquake/workloads/lock"
)

// SharedClientID is broken on purpose, by a name that is not one client's own: it is TutorialReentrant with the
// name of the service as its client id. A host's name does the same where two processes run on one host, and a
// process's number where each runs in a container and is number 1.
//
// Protocol, requests and token: those of TutorialReentrant. Every client finds its own id in the key, and so
// the lock "held already". It promises exclusive in calm, and must be caught breaking that.
func SharedClientID(ctx context.Context, env lock.Env) (lock.Lock, error) {
	env.ClientID = "orders-service"
	return TutorialReentrant(ctx, env)
}
