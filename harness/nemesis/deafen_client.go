package nemesis

import (
	"context"
	"fmt"
	"time"
)

// DeafenClient loses all that is sent to a client, for good: its requests take effect, and it never
// learns that they did. A holder's critical section takes long meanwhile.
type DeafenClient struct{}

// Requires nothing of the cluster.
func (DeafenClient) Requires() Requirements { return Requirements{} }

// Lasts as long as other cuts do, although requests to renew do arrive: the client's own clock gives up
// the lease.
func (DeafenClient) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject loses replies. Its evidence is that bytes were lost.
func (DeafenClient) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("deafen a client: %w", err)
	}
	_, replies := t.clientLinks(t.everybody())
	return Injected{To: t.Victim.String(), Heal: t.lose(replies)}, nil
}
