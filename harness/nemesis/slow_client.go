package nemesis

import (
	"context"
	"fmt"
	"time"
)

// SlowClient delays a client's requests and their replies: each way by a quarter of the TTL, and up to an
// eighth of it more or less. A renewal is told half a TTL late.
type SlowClient struct{}

// Requires nothing of the cluster.
func (SlowClient) Requires() Requirements { return Requirements{} }

// Lasts for several renewals of its lease.
func (SlowClient) Lasts(ttl time.Duration) time.Duration { return 2 * ttl }

// Inject slows the client's links. Its evidence is that bytes came late.
func (SlowClient) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("slow a client: %w", err)
	}
	requests, replies := t.clientLinks(t.everybody())
	delays := t.delay(t.TTL/4, t.TTL/8, append(requests, replies...))
	return Injected{To: t.Victim.String(), Heal: delays.cameLate()}, nil
}
