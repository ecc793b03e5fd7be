package nemesis

import (
	"context"
	"fmt"
	"time"
)

// StarveLease loses a client's renewals and nothing else, so that its lease ends while all its other
// requests are answered. A holder's critical section takes long meanwhile.
type StarveLease struct{}

// Requires a lease that the client renews.
func (StarveLease) Requires() Requirements { return Requirements{Traits: OnLease | ThroughClient} }

// Lasts is until etcd has ended the lease, and the next holder has come.
func (StarveLease) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject loses renewals. Its evidence is that some were lost, and the lease with them.
func (StarveLease) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findLease(ctx); err != nil {
		return Injected{}, fmt.Errorf("starve a lease: %w", err)
	}
	leave := t.linger()
	stop := t.Clients.LoseRequests(t.Victim.Client, Renewal.is)
	heal := func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		leave()
		lost := stop()
		return Evidence{
			Observed: lost > 0 && fate == ended,
			What:     words(fmt.Sprintf("%d renewals lost", lost), fate.String()),
		}, nil
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}
