package nemesis

import (
	"context"
	"fmt"
	"time"
)

// CrashClient ends a client where it is: nothing is released and no lease revoked, so that others wait
// for etcd to end the lease. The heal brings it back with the same client id.
type CrashClient struct{}

// Requires nothing of the cluster.
func (CrashClient) Requires() Requirements { return Requirements{} }

// Lasts is until etcd has ended the lease, and the next holder has come.
func (CrashClient) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject crashes the client. Its evidence is that it ended and, of a holder, that the lease outlived it.
func (CrashClient) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.crash(ctx); err != nil {
		return Injected{}, err
	}
	return Injected{To: t.Victim.String(), Heal: t.revive(ctx)}, nil
}

func (t Target) crash(ctx context.Context) error {
	if err := t.findVictim(ctx); err != nil {
		return fmt.Errorf("crash a client: %w", err)
	}
	if err := t.Clients.Crash(t.Victim.Client); err != nil {
		return fmt.Errorf("crash c%d: %w", t.Victim.Client, err)
	}
	return nil
}

// revive heals a crash, after which a holder's lease must still be alive: a client that could revoke it did
// not crash. A waiter may have ended its own, or be about to be granted one.
func (t Target) revive(ctx context.Context) Heal {
	left := t.leaseFate(ctx)
	return func(ctx context.Context) (Evidence, error) {
		seen := Evidence{Observed: t.Victim.Role != Holder || left == noLease || left == alive, What: noLease.String()}
		if left != noLease {
			seen.What = fmt.Sprintf("after the crash %s, at the restart %s", left, t.leaseFate(ctx))
		}
		return seen, t.comeBack(ctx)
	}
}

func (t Target) comeBack(ctx context.Context) error {
	if err := t.Clients.Restart(ctx, t.Victim.Client); err != nil {
		return fmt.Errorf("restart c%d: %w", t.Victim.Client, err)
	}
	return nil
}
