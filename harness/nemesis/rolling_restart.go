package nemesis

import (
	"context"
	"fmt"
	"time"
)

// RollingRestart kills each member and restarts it from its data, one after the other, as an upgrade
// does.
type RollingRestart struct{}

// Requires members that can be killed.
func (RollingRestart) Requires() Requirements { return Requirements{Members: 1, Abilities: Kill} }

// Lasts is about what it takes; the heal does what is left of it.
func (RollingRestart) Lasts(ttl time.Duration) time.Duration { return ttl }

// Inject begins with a member that was drawn. Its evidence is that each went down and came back.
func (RollingRestart) Inject(ctx context.Context, t Target) (Injected, error) {
	up, err := t.running(ctx, 1)
	if err != nil {
		return Injected{}, fmt.Errorf("restart members: %w", err)
	}
	roll := &rolling{target: t, left: t.turned(up), down: nobody}
	to := names(roll.left)
	end := goOn(ctx, roll.on)
	heal := func(ctx context.Context) (Evidence, error) {
		_ = end() // where it was cut short, the heal goes on
		err := roll.on(ctx)
		seen := Evidence{Observed: len(roll.done) == len(up), What: words("restarted "+names(roll.done), roll.missed)}
		return seen, err
	}
	return Injected{To: to, Heal: heal}, nil
}

// rolling is a restart of one member after the other.
type rolling struct {
	target Target
	left   []int // in this order
	down   int   // was killed, and is not back yet
	done   []int
	missed string // who could not be killed, and why
}

// on goes on where it was, to the end or until ctx ends. A member that is down always comes first.
func (r *rolling) on(ctx context.Context) error {
	for r.down != nobody || len(r.left) > 0 && ctx.Err() == nil {
		if r.down == nobody {
			r.killNext()
			continue
		}
		if err := r.target.restart(ctx, []int{r.down}); err != nil {
			return err
		}
		r.done, r.down = append(r.done, r.down), nobody
	}
	return nil
}

func (r *rolling) killNext() {
	next := r.left[0]
	r.left = r.left[1:]
	if err := r.target.Killer.Kill(next); err != nil {
		r.missed = words(r.missed, fmt.Sprintf("kill m%d: %v", next, err))
		return
	}
	r.down = next
}
