package nemesis

import (
	"context"
	"fmt"
)

// Compact throws away all history before now: who watches from an older revision is refused.
type Compact struct{}

// Requires a cluster that can be maintained.
func (Compact) Requires() Requirements { return Requirements{Abilities: Maintain} }

// Inject compacts. Its evidence is the revision.
func (Compact) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := ctx.Err(); err != nil {
		return Injected{}, fmt.Errorf("compact: %w", err)
	}
	revision, err := t.Maintenance.Compact(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("compact: %w", err)
	}
	seen := Evidence{Observed: revision > 0, What: fmt.Sprintf("compacted up to revision %d", revision)}
	return Injected{To: "the whole cluster", Heal: nothingToUndo(seen)}, nil
}

// nothingToUndo tells what was seen when the harm was done.
func nothingToUndo(seen Evidence) Heal {
	return func(context.Context) (Evidence, error) { return seen, nil }
}
