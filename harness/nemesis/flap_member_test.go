package nemesis_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

func TestFlappingMemberIsCutAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.FlapMember{}, w.target(nemesis.Leader))
		wantTo(t, injected, "m1 leads term 4")
		for range 2 {
			synctest.Wait()
			w.wantCut(t, "0>1 1>0 1>2 2>1")
			time.Sleep(ttl / 8)
			synctest.Wait()
			w.wantCut(t, "")
			time.Sleep(ttl / 8)
		}
		synctest.Wait()
		wantHealed(t, injected, seen("2 of 3 cuts held bytes back"))
		w.wantCut(t, "")
	})
}

func TestFlapsThatNobodyNoticed(t *testing.T) {
	c := injection{fault: nemesis.FlapMember{}, members: 3, role: nemesis.Leader, to: "m1 leads term 4", silent: true,
		want: unseen("0 of 1 cuts held bytes back")}
	bubble(t, "healed at once", c.run)
	c.then, c.want = func(*world) { time.Sleep(ttl) }, unseen("0 of 5 cuts held bytes back")
	bubble(t, "healed later", c.run)
}
