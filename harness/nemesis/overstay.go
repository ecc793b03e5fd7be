package nemesis

import (
	"context"
	"fmt"
	"time"
)

// Overstay makes a holder's critical section longer than its TTL, and does nothing else: who renews is
// not harmed, and who believes that a TTL is enough is.
type Overstay struct{}

// Requires nothing of the cluster.
func (Overstay) Requires() Requirements { return Requirements{} }

// Lasts is until a lease that nobody renews has ended, and the next holder has come.
func (Overstay) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject lets the holder linger. Its evidence is that the critical section still went on beyond the TTL,
// or ended with the lease.
func (Overstay) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("overstay: %w", err)
	}
	began := time.Now()
	leave := t.linger()
	heal := func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		stayed, after := leave(), time.Since(began)
		what := "its critical section had ended"
		if stayed {
			what = fmt.Sprintf("its critical section went on for %v under a TTL of %v", after.Round(time.Millisecond), t.TTL)
		}
		return Evidence{Observed: after > t.TTL && (stayed || fate == ended), What: words(what, fate.String())}, nil
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}
