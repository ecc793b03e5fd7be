package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestCompactionIsEvidentFromItsRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.Compact{}, w.target(""))
		wantTo(t, injected, "the whole cluster")
		w.wantDone(t, "compact")
		wantHealed(t, injected, seen("compacted up to revision 17"))
		w.revision = 0
		wantHealed(t, inject(t, nemesis.Compact{}, w.target("")), unseen("compacted up to revision 0"))
		w.wantDone(t, "compact")
		wantTooLate(t, w, nemesis.Compact{}, w.target(""))
		w.fail["compact"] = errBroken
		wantRefused(t, nemesis.Compact{}, w.target(""), "compact: broken")
	})
}
