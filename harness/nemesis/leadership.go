package nemesis

import (
	"context"
	"fmt"
	"time"
)

// leadership is who leads, as the leader itself says it.
type leadership struct {
	member int
	term   uint64
}

const nobody = -1

func (l leadership) String() string { return fmt.Sprintf("m%d leads term %d", l.member, l.term) }

const errNoLeader = missed("no member, or more than one in the same term, takes itself for the leader")

// leaderOf finds the leader of the highest term: an isolated one goes on believing for a while.
// Two in one term cannot be told apart until the new one shows its own term; to strike the old one
// would be no harm, and yet the new one would pass for its successor.
func leaderOf(m Members) (leadership, error) {
	found := leadership{member: nobody}
	for i := range m.Names() {
		leader, term, running := m.Believes(i)
		switch {
		case !running || leader != i || term < found.term:
		case term == found.term:
			found.member = nobody
		default:
			found = leadership{member: i, term: term}
		}
	}
	if found.member == nobody {
		return found, errNoLeader
	}
	return found, nil
}

// LeaderOf is the member that leads for sure; false: nobody does.
func LeaderOf(m Members) (member int, ok bool) {
	leader, err := leaderOf(m)
	return leader.member, err == nil
}

// awaitLeader waits out the moment in which nobody leads for sure.
func awaitLeader(ctx context.Context, m Members) (leader leadership, err error) {
	eventually(ctx, func() bool {
		leader, err = leaderOf(m)
		return err == nil
	})
	return leader, err
}

// succession is the evidence that leadership went from before to another member. On a busy machine an
// election takes its time: it is waited for.
func succession(ctx context.Context, m Members, before leadership) Evidence {
	var now leadership
	seen := eventually(ctx, func() bool {
		var err error
		now, err = leaderOf(m)
		return err == nil && now.member != before.member && now.term > before.term
	})
	if !seen {
		return Evidence{What: fmt.Sprintf("no other leader seen after m%d", before.member)}
	}
	return Evidence{Observed: true, What: fmt.Sprintf("%s after m%d", now, before.member)}
}

// leaderless is the evidence that none of some members leads.
func leaderless(ctx context.Context, m Members, members []int) Evidence {
	leads := nobody
	seen := eventually(ctx, func() bool {
		leads = nobody
		for _, i := range members {
			if leader, _, running := m.Believes(i); running && leader == i {
				leads = i
			}
		}
		return leads == nobody
	})
	if !seen {
		return Evidence{What: fmt.Sprintf("m%d leads all the same", leads)}
	}
	return Evidence{Observed: true, What: "nobody leads"}
}

// patience is how long what must come soon is waited for.
const patience = 2 * time.Second

// eventually asks again and again until the answer is yes; false: it was not, within patience or
// before ctx ended.
func eventually(ctx context.Context, ask func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
