package nemesis

import (
	"context"
	"fmt"
)

// MoveLeader hands leadership over to a follower, as an operator does before maintenance.
type MoveLeader struct{}

// Requires a member to lead next.
func (MoveLeader) Requires() Requirements { return Requirements{Members: 2, Abilities: Maintain} }

// Inject moves it. Its evidence is another leader, in a later term.
func (MoveLeader) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := ctx.Err(); err != nil {
		return Injected{}, fmt.Errorf("move the leader: %w", err)
	}
	before, to, err := t.moveLeader(ctx)
	if err != nil {
		return Injected{}, err
	}
	heal := func(ctx context.Context) (Evidence, error) { return succession(ctx, t.Members, before), nil }
	return Injected{To: fmt.Sprintf("%s, m%d is to", before, to), Heal: heal}, nil
}

const errNoFollower = missed("no follower runs")

func (t Target) moveLeader(ctx context.Context) (before leadership, to int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before, err = awaitLeader(ctx, t.Members)
	if err != nil {
		return before, nobody, fmt.Errorf("move the leader: %w", err)
	}
	followers := t.turned(without(running(t.Members), before.member))
	if len(followers) == 0 {
		return before, nobody, fmt.Errorf("move the leader: %w", errNoFollower)
	}
	if err := t.Maintenance.MoveLeader(ctx, followers[0]); err != nil {
		return before, nobody, t.unmoved(before, fmt.Errorf("move the leader from m%d to m%d: %w", before.member, followers[0], err))
	}
	return before, followers[0], nil
}

// unmoved tells a move that surely came to nothing from one that may yet: raft gives a transfer up after
// an election timeout, and the request outlasts that.
func (t Target) unmoved(before leadership, err error) error {
	if now, unsure := leaderOf(t.Members); unsure == nil && now == before {
		return missed(err.Error())
	}
	return err
}
