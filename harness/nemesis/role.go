package nemesis

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// struck are the members that an injection strikes, and what was so when it did.
type struck struct {
	members []int
	spared  []int // the others that ran
	leader  leadership
}

// member finds the one that has the role now.
func (t Target) member(ctx context.Context) (int, struck, error) {
	if t.Role == Majority || t.Role == All {
		return nobody, struck{}, fmt.Errorf("%q is not the role of one member", t.Role)
	}
	s, err := t.members(ctx)
	if err != nil {
		return nobody, struck{}, err
	}
	return s.members[0], s, nil
}

// members finds those that have the role now. A leader is waited for; roles that do not depend on one
// are found without.
func (t Target) members(ctx context.Context) (struck, error) {
	if err := ctx.Err(); err != nil {
		return struck{}, err
	}
	leader, err := awaitLeader(ctx, t.Members)
	if err != nil && (t.Role == Leader || t.Role == Follower) {
		return struck{}, err
	}
	up := running(t.Members)
	chosen := t.choose(up, leader.member)
	if len(chosen) == 0 {
		return struck{}, missed(fmt.Sprintf("no member that runs has the role %q", t.Role))
	}
	return struck{members: chosen, spared: without(up, chosen...), leader: leader}, nil
}

func (t Target) choose(up []int, leader int) []int {
	switch t.Role {
	case Leader:
		return []int{leader}
	case Follower:
		return t.pick(1, without(up, leader))
	case Random:
		return t.pick(1, up)
	case Majority:
		return t.pick(len(up)-quorum(len(up))+1, up)
	case All:
		return up
	}
	return nil
}

// pick takes n of some, or all that there are.
func (t Target) pick(n int, from []int) []int {
	chosen := t.turned(from)[:min(n, len(from))]
	slices.Sort(chosen)
	return chosen
}

// turned begins with the one that was drawn.
func (t Target) turned(members []int) []int {
	if len(members) == 0 {
		return nil
	}
	first := t.Pick % len(members)
	return slices.Concat(members[first:], members[:first])
}

// running finds those that run, of whom a fault of the whole cluster needs some.
func (t Target) running(ctx context.Context, least int) ([]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	up := running(t.Members)
	if len(up) < least {
		return nil, missed(fmt.Sprintf("running members: %d, needed: %d", len(up), least))
	}
	return up, nil
}

func running(m Members) (up []int) {
	for i := range m.Names() {
		if _, _, runs := m.Believes(i); runs {
			up = append(up, i)
		}
	}
	return up
}

// quorum is how many of n members commit.
func quorum(n int) int { return n/2 + 1 }

func (s struck) leads() bool { return slices.Contains(s.members, s.leader.member) }

func (s struck) String() string {
	switch {
	case len(s.members) == 1 && s.leads():
		return s.leader.String()
	case len(s.members) == 1 && s.leader.member != nobody:
		return names(s.members) + ", follower"
	case s.leads():
		return names(s.members) + ", " + s.leader.String()
	}
	return names(s.members)
}

// aftermath waits for what must follow when the others go on without the struck: another leader if these
// led, nobody who leads if the others are too few.
func (s struck) aftermath(ctx context.Context, m Members) Evidence {
	switch {
	case len(s.spared) < quorum(len(s.spared)+len(s.members)):
		return leaderless(ctx, m, s.spared)
	case s.leads():
		return succession(ctx, m, s.leader)
	}
	return Evidence{Observed: true}
}

// gone is the aftermath where the struck do not run meanwhile.
func (s struck) gone(ctx context.Context, m Members) Evidence {
	seen := s.aftermath(ctx, m)
	up := running(m)
	if still := without(up, without(up, s.members...)...); len(still) > 0 {
		return Evidence{What: words(seen.What, names(still)+" still runs")}
	}
	return seen
}

// names are members' as people read them.
func names(members []int) string {
	all := make([]string, len(members))
	for i, m := range members {
		all[i] = fmt.Sprintf("m%d", m)
	}
	return strings.Join(all, " ")
}

// words joins what was observed.
func words(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}
