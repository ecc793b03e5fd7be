package nemesis_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestMovedLeaderIsEvidentFromTheNextOne(t *testing.T) {
	for name, tc := range map[string]struct {
		stuck bool
		want  nemesis.Evidence
	}{
		"moved":    {want: seen("m2 leads term 5 after m1")},
		"leads on": {stuck: true, want: unseen("no other leader seen after m1")},
	} {
		bubble(t, name, func(t *testing.T) {
			w := members(3)
			w.stuck = tc.stuck
			target := w.target("")
			target.Pick = 1
			injected := inject(t, nemesis.MoveLeader{}, target)
			wantTo(t, injected, "m1 leads term 4, m2 is to")
			w.wantDone(t, "move leader to m2")
			wantHealed(t, injected, tc.want)
			wantTooLate(t, w, nemesis.MoveLeader{}, target)
		})
	}
}

// Who leads on was not moved; who leads no more may have been.
func TestMoveThatFailsIsMissedWhileTheLeaderLeads(t *testing.T) {
	for deposed, missed := range map[bool]bool{false: true, true: false} {
		synctest.Test(t, func(t *testing.T) {
			w := members(2)
			target := w.target("")
			target.Maintenance = mute{w, deposed}
			_, err := nemesis.MoveLeader{}.Inject(t.Context(), target)
			if err == nil || errors.Is(err, nemesis.ErrMissed) != missed {
				t.Errorf("deposed: %v; %v, want missed: %v", deposed, err, missed)
			}
		})
	}
}

// mute moves the leader, or does not, and never says that it did.
type mute struct {
	*world
	moves bool
}

func (m mute) MoveLeader(_ context.Context, to int) error {
	if m.moves {
		m.elect(to, m.beliefs[0].term+1)
	}
	return errBroken
}

func TestLeaderThatCannotBeMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(2)
		w.fail["move leader to m0"] = errBroken
		wantRefused(t, nemesis.MoveLeader{}, w.target(""), "move the leader from m1 to m0: broken")
		w.down(true, 0)
		wantRefused(t, nemesis.MoveLeader{}, w.target(""), "move the leader: no follower runs")
		w.down(true, 1)
		wantRefused(t, nemesis.MoveLeader{}, w.target(""), "move the leader: "+noLeader)
		w.wantDone(t, "move leader to m0")
	})
}
