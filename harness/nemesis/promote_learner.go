package nemesis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PromoteLearner adds a new member without a vote, and gives it one as soon as it has caught up. The heal
// removes it, so that the cluster has its size again.
type PromoteLearner struct{}

// Requires a cluster that can be changed. One member is enough: when the learner counts, it is there.
func (PromoteLearner) Requires() Requirements {
	return Requirements{Members: 1, Abilities: ChangeMembers}
}

// Lasts for several renewals of each lease, with a quorum that is harder to reach.
func (PromoteLearner) Lasts(ttl time.Duration) time.Duration { return ttl }

// Inject adds and promotes. Its evidence is that the new member ran with its vote, and knew a leader.
func (PromoteLearner) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := ctx.Err(); err != nil {
		return Injected{}, fmt.Errorf("add a learner: %w", err)
	}
	learner, err := t.Membership.AddLearner(ctx)
	if err != nil {
		return Injected{}, fmt.Errorf("add a learner: %w", err)
	}
	if err := t.Membership.Promote(ctx, learner); err != nil {
		return Injected{}, errors.Join(fmt.Errorf("promote m%d: %w", learner, err), t.undoLearner(ctx, learner))
	}
	return Injected{To: fmt.Sprintf("m%d, new", learner), Heal: t.removeAdded(learner, "promoted")}, nil
}

func (t Target) undoLearner(ctx context.Context, learner int) error {
	ctx, cancel := undoing(ctx)
	defer cancel()
	return t.remove(ctx, learner)
}
