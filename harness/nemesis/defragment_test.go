package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestAllWhoRunAreDefragmented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.down(true, 1)
		injected := inject(t, nemesis.Defragment{}, w.target(""))
		wantTo(t, injected, "m0 m2")
		w.wantDone(t, "defragment m0", "defragment m2")
		wantHealed(t, injected, seen("m0 from 90 to 60 bytes, m2 from 90 to 62 bytes"))
		wantTooLate(t, w, nemesis.Defragment{}, w.target(""))
		w.fail["defragment m2"] = errBroken
		wantRefused(t, nemesis.Defragment{}, w.target(""), "defragment m2: broken")
		w.down(true, 0, 2)
		wantRefused(t, nemesis.Defragment{}, w.target(""), "defragment: running members: 0, needed: 1")
	})
}
