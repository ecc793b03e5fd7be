package nemesis

import (
	"context"
	"fmt"
	"time"
)

// CutFromLeader cuts a client off from the leader only: the requests that it happens to send there hang
// until their own deadlines, the others do not.
type CutFromLeader struct{}

// Requires a member beside the leader.
func (CutFromLeader) Requires() Requirements { return Requirements{Members: 2} }

// Lasts until the lease has ended, if its renewals went to the leader.
func (CutFromLeader) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject holds the links to and from whoever leads now. Its evidence is that bytes were held back. A
// holder's critical section does not take longer: there must be requests that hang.
func (CutFromLeader) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("cut a client from the leader: %w", err)
	}
	leader, err := awaitLeader(ctx, t.Members)
	if err != nil {
		return Injected{}, fmt.Errorf("cut a client from the leader: %w", err)
	}
	cuts := t.cutVictim([]int{leader.member})
	heal := func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		held := cuts.lift().Held
		return Evidence{Observed: held > 0, What: words(fmt.Sprintf("%d bytes held back", held), fate.String())}, nil
	}
	return Injected{To: fmt.Sprintf("%s; %s", t.Victim, leader), Heal: heal}, nil
}
