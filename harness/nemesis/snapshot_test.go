package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestSnapshotIsEvidentFromItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.size = 20480
		target := w.target("")
		target.Pick = 2
		injected := inject(t, nemesis.Snapshot{}, target)
		wantTo(t, injected, "m2, follower")
		w.wantDone(t, "snapshot m2")
		wantHealed(t, injected, seen("a snapshot of 20480 bytes"))
		w.size = 0
		wantHealed(t, inject(t, nemesis.Snapshot{}, target), unseen("a snapshot of 0 bytes"))
		w.wantDone(t, "snapshot m2")
		wantTooLate(t, w, nemesis.Snapshot{}, target)
		w.fail["snapshot m2"] = errBroken
		wantRefused(t, nemesis.Snapshot{}, target, "take a snapshot of m2: broken")
	})
}
