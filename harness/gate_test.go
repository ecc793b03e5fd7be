package harness

import (
	"context"
	"testing"
	"testing/synctest"
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
