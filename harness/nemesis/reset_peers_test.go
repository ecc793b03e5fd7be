package nemesis_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

// Two connections are there at the first stroke, and a new one at the second.
func TestResetPeersBreaksConnectionsAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		if !passes(t, w.Peer(0, 1)) || !passes(t, w.Peer(2, 0)) {
			t.Fatal("links that are well do not pass")
		}
		injected := inject(t, nemesis.ResetPeers{}, w.target(""))
		wantTo(t, injected, "m0 m1 m2")
		time.Sleep(ttl / 10)
		if !passes(t, w.Peer(0, 1)) {
			t.Error("a link does not pass between two strokes")
		}
		time.Sleep(ttl / 5)
		wantHealed(t, injected, seen("3 connections reset or refused in 2 strokes"))
		w.wantCut(t, "")
	})
}

func TestNothingToReset(t *testing.T) {
	bubble(t, "", injection{fault: nemesis.ResetPeers{}, members: 3, to: "m0 m1 m2", silent: true,
		want: unseen("0 connections reset or refused in 1 strokes")}.run)
}
