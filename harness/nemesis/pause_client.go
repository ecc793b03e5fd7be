package nemesis

import (
	"context"
	"fmt"
	"time"
)

// PauseClient freezes a client, as a long garbage collection, a SIGSTOP or a migrated virtual machine
// would: its process takes no step and its keepalives stay where they are. When it is resumed it goes
// on where it was.
type PauseClient struct{}

// Requires nothing of the cluster.
func (PauseClient) Requires() Requirements { return Requirements{} }

// Lasts is until etcd has ended the lease, up to 500 ms late, and the next holder has written.
func (PauseClient) Lasts(ttl time.Duration) time.Duration { return ttl + 1200*time.Millisecond }

// Inject freezes the process and its links. Its evidence is that the process was stopped at a step; the
// words tell whether its lease outlived that.
func (PauseClient) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("pause a client: %w", err)
	}
	t.Clients.Pause(t.Victim.Client)
	cuts := t.cutVictim(t.everybody())
	heal := func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		// The process first: what it does next must not wait for what its links bring.
		stopped := t.Clients.Resume(t.Victim.Client)
		cuts.lift()
		what := "the process was never stopped"
		if stopped {
			what = "the process stood still"
		}
		return Evidence{Observed: stopped, What: words(what, fate.String())}, nil
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}
