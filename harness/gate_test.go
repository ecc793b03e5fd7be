package harness

import (
	"context"
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestClosedGateStopsTheProcessUntilItOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		if g.pass(t.Context()) {
			t.Error("an open gate stopped the process")
		}
		g.close()
		passed := make(chan bool)
		go func() { passed <- g.pass(t.Context()) }()
		synctest.Wait()
		select {
		case <-passed:
			t.Fatal("a closed gate let the process pass")
		default:
		}
		if !g.open() {
			t.Error("opening did not tell that the process was stopped")
		}
		if !<-passed {
			t.Error("the process was not told that it was stopped")
		}
	})
}

func TestGateThatNobodyReachedStoppedNobody(t *testing.T) {
	var g gate
	g.close()
	if g.open() {
		t.Error("a gate that nobody came to claims to have stopped somebody")
	}
	if g.open() {
		t.Error("opening an open gate stopped somebody")
	}
}

func TestClosedGateGivesWayToTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var g gate
	g.close()
	cancel()
	g.pass(ctx)
}

func TestAimHoldsTheNextHolderUntilTheStrikeIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a aim
		a.entered(t.Context(), nemesis.Holder{Client: 1}) // nobody aims: returns at once
		struck := false
		go func() {
			holder, goOn, err := a.next(t.Context())
			if err != nil || holder.Client != 2 {
				t.Errorf("aimed at %v (%v), want c2", holder, err)
			}
			struck = true
			goOn()
		}()
		synctest.Wait()
		a.entered(t.Context(), nemesis.Holder{Client: 2})
		if !struck {
			t.Error("the holder went on before it was struck")
		}
		a.entered(t.Context(), nemesis.Holder{Client: 3}) // only one is struck
	})
}

func TestAimThatFindsNobodyLeavesNobodyStanding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a aim
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := a.next(ctx); err == nil {
			t.Error("a cancelled aim found a holder")
		}
		a.entered(t.Context(), nemesis.Holder{})
	})
}
