package nemesis_test

import (
	"context"
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

var rolled = []string{"kill m1", "restart m[1]", "kill m2", "restart m[2]", "kill m0", "restart m[0]"}

func TestMembersAreRestartedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		target := w.target("")
		target.Pick = 1
		injected := inject(t, nemesis.RollingRestart{}, target)
		wantTo(t, injected, "m1 m2 m0")
		synctest.Wait()
		w.wantDone(t, rolled...)
		wantHealed(t, injected, seen("restarted m1 m2 m0"))
		w.wantDone(t)
		wantTooLate(t, w, nemesis.RollingRestart{}, target)
	})
}

// slowly is a world in which a restart takes as long as its context.
type slowly struct {
	*world
	restarting chan struct{}
}

func (s slowly) Restart(ctx context.Context, _ ...int) error {
	close(s.restarting)
	<-ctx.Done()
	return ctx.Err()
}

// swapped is a Killer that changes while a fault uses it.
type swapped struct{ now nemesis.Killer }

func (s *swapped) Kill(member int) error { return s.now.Kill(member) }
func (s *swapped) Restart(ctx context.Context, members ...int) error {
	return s.now.Restart(ctx, members...)
}

// m1 is down and on its way back when the heal begins.
func TestRollingRestartIsCompletedByItsHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		slow := slowly{w, make(chan struct{})}
		killer := &swapped{slow}
		target := w.target("")
		target.Pick, target.Killer = 1, killer
		injected := inject(t, nemesis.RollingRestart{}, target)
		<-slow.restarting
		killer.now = w
		wantHealed(t, injected, seen("restarted m1 m2 m0"))
		w.wantDone(t, rolled...)
	})
}

// m2 is down already, by another injection.
func TestRollingRestartPassesOverWhoIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["kill m2"] = errBroken
		injected := inject(t, nemesis.RollingRestart{}, w.target(""))
		wantHealed(t, injected, unseen("restarted m0 m1; kill m2: broken"))
		w.wantDone(t, "kill m0", "restart m[0]", "kill m1", "restart m[1]", "kill m2")
	})
}

// The heal tries again to bring back who is down, and kills nobody else when it cannot.
func TestRollingRestartOfAMemberThatDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["restart m[0]"] = errBroken
		injected := inject(t, nemesis.RollingRestart{}, w.target(""))
		synctest.Wait()
		wantHealedBut(t, injected, unseen("restarted "), "restart m0: broken")
		w.wantDone(t, "kill m0", "restart m[0]", "restart m[0]")
	})
}
