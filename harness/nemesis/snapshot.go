package nemesis

import (
	"context"
	"fmt"
)

// Snapshot reads a snapshot of one member to its end, as backups do.
type Snapshot struct{}

// Requires a cluster that can be maintained.
func (Snapshot) Requires() Requirements { return Requirements{Abilities: Maintain} }

// Inject reads the snapshot of any member. Its evidence is the snapshot's size.
func (Snapshot) Inject(ctx context.Context, t Target) (Injected, error) {
	t.Role = Random
	member, struck, err := t.member(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("take a snapshot: %w", err)
	}
	size, err := t.Maintenance.Snapshot(ctx, member)
	if err != nil {
		return Injected{}, fmt.Errorf("take a snapshot of m%d: %w", member, err)
	}
	seen := Evidence{Observed: size > 0, What: fmt.Sprintf("a snapshot of %d bytes", size)}
	return Injected{To: struck.String(), Heal: nothingToUndo(seen)}, nil
}
