package nemesis

import (
	"context"
	"time"
)

// PauseHolder freezes a client in its critical section, as a long garbage collection, a SIGSTOP or a
// migrated virtual machine would: its process takes no step and its keepalives stay where they are.
// When it is resumed it goes on where it was.
type PauseHolder struct{}

// Lasts is until etcd has ended the lease, up to 500 ms late, and the next holder has written.
func (PauseHolder) Lasts(ttl time.Duration) time.Duration { return ttl + 1200*time.Millisecond }

// AimsAtHolder makes PauseHolder an Aimed fault.
func (PauseHolder) AimsAtHolder() {}

// Inject freezes the process and its links. Its evidence is that the process was stopped at a step.
func (PauseHolder) Inject(_ context.Context, t Target) (Injected, error) {
	t.Clients.Pause(t.Holder.Client)
	t.Clients.Cut(t.Holder.Client)
	heal := func(ctx context.Context) (Evidence, error) {
		fate := leaseFate(ctx, t)
		// The process first: what it does next must not wait for what its links bring.
		stopped := t.Clients.Resume(t.Holder.Client)
		t.Clients.Mend(t.Holder.Client)
		if !stopped {
			return Evidence{What: "the process was never stopped; " + fate}, nil
		}
		return Evidence{Observed: true, What: "the process stood still in its critical section; " + fate}, nil
	}
	return Injected{To: t.Holder.String(), Heal: heal}, nil
}
