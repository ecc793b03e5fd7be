package virtual

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

// What waits for something outside holds the clock. Each let go of it when the watchdog has spoken, as a real run
// cannot be.
func TestClockThatStandsStillIsToldOf(t *testing.T) {
	real, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	outside := make(chan struct{})
	for name, c := range map[string]struct {
		wait, end func()
		says      string
	}{
		"a channel made outside": {func() { <-outside }, func() { close(outside) }, "chan receive, synctest bubble"},
		"a real socket":          {func() { _, _ = real.Accept() }, func() { _ = real.Close() }, "IO wait, synctest bubble"},
	} {
		t.Run(name, func(t *testing.T) {
			var told string
			began := time.Now()
			if left := In(t, Outside{
				Patience: 500 * time.Millisecond,
				Stuck:    func(err error) { told = err.Error(); c.end() },
			}, func(context.Context) {
				time.Sleep(time.Hour)
				go c.wait()
				time.Sleep(time.Hour)
			}); left != nil {
				t.Error(left)
			}
			for _, text := range []string{"virtual time stands still at 1h0m0s for 500ms", c.says, "bubble_test.go:"} {
				if !strings.Contains(told, text) {
					t.Errorf("after %v %q is missing in %s", time.Since(began), text, told)
				}
			}
			if strings.Contains(told, "(durable)") {
				t.Errorf("it accuses those that do not hold the clock: %s", told)
			}
		})
	}
}

func TestStopEndsTheContextAndProgressIsTold(t *testing.T) {
	stop := make(chan struct{})
	var ended, passed time.Duration
	left := In(t, Outside{
		Stop: stop,
		Passed: func(virtual time.Duration) {
			if passed == 0 {
				close(stop)
			}
			passed = virtual
		},
	}, func(ctx context.Context) {
		began := time.Now()
		for ctx.Err() == nil { // with something to do, else a year is over before anybody has looked
			time.Sleep(time.Millisecond)
		}
		ended = time.Since(began)
	})
	if left != nil || ended == 0 || passed == 0 {
		t.Errorf("ended after %v, progress until %v, left %v", ended, passed, left)
	}
}

func TestGoroutinesThatDoNotEndAreLeftBehind(t *testing.T) {
	for name, goOn := range map[string]func(){
		"for ever": func() { select {} },
		"by a timer": func() {
			for range time.Tick(time.Second) {
			}
		},
	} {
		left := In(t, Outside{}, func(context.Context) { go goOn() })
		if left == nil || !strings.Contains(left.Error(), "goroutines wait for ever") {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

func TestGoroutinesThatStandAtOnePlaceAreShownOnce(t *testing.T) {
	holding := holders(`goroutine 1 [select, synctest bubble 1]:
main.wait(0x1)
	/main.go:3 +0x1

goroutine 2 [select (durable), synctest bubble 1]:
main.wait(0x2)
	/main.go:3 +0x1

goroutine 3 [select]:
main.wait(0x3)
	/main.go:3 +0x1

goroutine 4 [select, synctest bubble 1]:
main.wait(0x4)
	/main.go:3 +0x1`)
	if len(holding) != 1 || !strings.HasPrefix(holding[0], "goroutine 1 ") || !strings.HasSuffix(holding[0], "\n(and 1 more that stand there)") {
		t.Errorf("holding are %q", holding)
	}
}
