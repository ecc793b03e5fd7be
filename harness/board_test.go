package harness

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

func holding(client int) nemesis.Victim {
	return nemesis.Victim{Role: nemesis.Holder, Client: client, Key: "k0", Lease: 7}
}

func TestMomentHoldsItsClientUntilTheStrikeIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b board
		b.standStill(t.Context(), nemesis.Acquired, holding(1)) // nobody aims: returns at once
		struck := false
		go func() {
			s, err := b.await(t.Context(), nemesis.Acquired, 0)
			if err != nil || s.victim.Client != 2 {
				t.Errorf("aimed at %v (%v), want c2", s.victim, err)
			}
			struck = true
			close(s.done)
		}()
		synctest.Wait()
		b.standStill(t.Context(), nemesis.Releasing, holding(4)) // another moment
		b.standStill(t.Context(), nemesis.Acquired, holding(2))
		if !struck {
			t.Error("the holder went on before it was struck")
		}
		b.standStill(t.Context(), nemesis.Acquired, holding(3)) // only one is struck
	})
}

// Two faults may wait for one moment: its client stands still for both.
func TestMomentIsForAllWhoWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b board
		struck := make(chan int, 2)
		for range 2 {
			go func() {
				s, _ := b.await(t.Context(), nemesis.Acquired, 0)
				struck <- s.victim.Client
				close(s.done)
			}()
		}
		synctest.Wait()
		b.standStill(t.Context(), nemesis.Acquired, holding(2))
		if len(struck) != 2 || <-struck != 2 || <-struck != 2 {
			t.Error("not both struck c2 while it stood still")
		}
	})
}

func TestSkippedMomentsGoBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b board
		struck := make(chan int, 1)
		go func() {
			s, _ := b.await(t.Context(), nemesis.Acquired, 2)
			struck <- s.victim.Client
			close(s.done)
		}()
		synctest.Wait()
		for client := range 3 {
			if len(struck) > 0 {
				t.Fatalf("struck c%d: two moments are to go by", <-struck)
			}
			b.standStill(t.Context(), nemesis.Acquired, holding(client))
		}
		if got := <-struck; got != 2 {
			t.Errorf("struck c%d, want c2", got)
		}
	})
}

func TestAimThatFindsNobodyLeavesNobodyStanding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b board
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.await(ctx, nemesis.Acquired, 0); err == nil {
			t.Error("a cancelled aim found a holder")
		}
		b.standStill(t.Context(), nemesis.Acquired, holding(0))
	})
}

func TestRoleIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b board
		b.stands(nemesis.Victim{Role: nemesis.Waiter, Client: 3, Key: "k0"})
		time.AfterFunc(time.Second, func() { b.stands(holding(1)) })
		began := time.Now()
		v, err := b.find(t.Context(), nemesis.Holder, 9)
		if err != nil || v != holding(1) || time.Since(began) != time.Second {
			t.Errorf("found %v (%v) after %v", v, err, time.Since(began))
		}
		b.walks(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if v, err := b.find(ctx, nemesis.Holder, 0); err == nil {
			t.Errorf("found %v, who holds nothing any more", v)
		}
	})
}

func TestPickChoosesAmongEquals(t *testing.T) {
	var b board
	for _, client := range []int{4, 2, 0} {
		b.stands(holding(client))
	}
	for pick, want := range map[int]int{0: 0, 1: 2, 2: 4, 3: 0, 65535: 0} {
		if v, _ := b.find(t.Context(), nemesis.Holder, pick); v.Client != want {
			t.Errorf("pick %d found c%d, want c%d", pick, v.Client, want)
		}
	}
}
