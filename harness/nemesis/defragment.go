package nemesis

import (
	"context"
	"fmt"
	"strings"
)

// Defragment rewrites the data of all members, one after the other. Each serves nobody meanwhile.
type Defragment struct{}

// Requires a cluster that can be maintained.
func (Defragment) Requires() Requirements { return Requirements{Abilities: Maintain} }

// Inject defragments those that run. Its evidence is the sizes before and after.
func (Defragment) Inject(ctx context.Context, t Target) (Injected, error) {
	up, err := t.running(ctx, 1)
	if err != nil {
		return Injected{}, fmt.Errorf("defragment: %w", err)
	}
	sizes := make([]string, len(up))
	for i, m := range up {
		before, after, err := t.Maintenance.Defragment(ctx, m)
		if err != nil {
			return Injected{}, fmt.Errorf("defragment m%d: %w", m, err)
		}
		sizes[i] = fmt.Sprintf("m%d from %d to %d bytes", m, before, after)
	}
	seen := Evidence{Observed: true, What: strings.Join(sizes, ", ")}
	return Injected{To: names(up), Heal: nothingToUndo(seen)}, nil
}
