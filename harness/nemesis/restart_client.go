package nemesis

import "context"

// RestartClient crashes a client, and its heal, which follows at once, brings it back with the same
// client id, while its old lease is alive and its old keys are there.
type RestartClient struct{}

// Requires nothing of the cluster.
func (RestartClient) Requires() Requirements { return Requirements{} }

// Inject crashes the client. Its evidence is that the lease outlived it.
func (RestartClient) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.crash(ctx); err != nil {
		return Injected{}, err
	}
	return Injected{To: t.Victim.String(), Heal: t.revive(ctx)}, nil
}
