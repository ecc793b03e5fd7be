package nemesis

import (
	"context"
	"fmt"
	"time"
)

// Clients are the workload's clients, numbered from 0.
type Clients interface {
	// Cut holds all that goes from and to a client; Mend lets it pass again, and gives how many bytes
	// had been held.
	Cut(client int)
	Mend(client int) int64
	// Pause stops a client's process at its next step; Resume lets it go on, and tells whether it
	// had reached that step and was stopped there.
	Pause(client int)
	Resume(client int) bool
	// Linger makes a client's critical section last until Leave, or until it sees that it has lost
	// the lock.
	Linger(client int)
	Leave(client int)
}

// IsolateHolder cuts a holder off from every member while its critical section takes long: it goes on
// working, its renewals do not arrive.
type IsolateHolder struct{}

// Lasts is until etcd has ended the lease, up to 500 ms late, and the next holder has come.
func (IsolateHolder) Lasts(ttl time.Duration) time.Duration { return ttl + 900*time.Millisecond }

// AimsAtHolder makes IsolateHolder an Aimed fault.
func (IsolateHolder) AimsAtHolder() {}

// Inject cuts the links. Its evidence is that bytes were held back.
func (IsolateHolder) Inject(_ context.Context, t Target) (Injected, error) {
	t.Clients.Cut(t.Holder.Client)
	t.Clients.Linger(t.Holder.Client)
	heal := func(ctx context.Context) (Evidence, error) {
		fate := leaseFate(ctx, t)
		t.Clients.Leave(t.Holder.Client)
		held := t.Clients.Mend(t.Holder.Client)
		return Evidence{Observed: held > 0, What: fmt.Sprintf("%d bytes held back; %s", held, fate)}, nil
	}
	return Injected{To: t.Holder.String(), Heal: heal}, nil
}

// leaseFate says what had become of the holder's lease, as far as etcd can be asked.
func leaseFate(ctx context.Context, t Target) string {
	if t.Holder.Lease == 0 {
		return "there was no lease"
	}
	alive, err := t.Leases.Alive(ctx, t.Holder.Lease)
	switch {
	case err != nil:
		return fmt.Sprintf("its lease could not be asked for: %v", err)
	case alive:
		return "its lease was alive"
	}
	return "its lease had ended"
}
