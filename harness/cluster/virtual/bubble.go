package virtual

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const (
	// beat is how often, in virtual time, a bubble shows that its clock goes, and looks whether it is to end.
	beat = time.Second
	// leaving is how long, in virtual time, what a bubble has run may take to end behind it: gRPC and HTTP let go of
	// connections late.
	leaving = time.Minute
	// usualPatience is how long, in wall time, a bubble's clock may stand still.
	usualPatience = 10 * time.Second
	// looks is how often it is looked at in that time. Looks are counted, not time: a process that was stopped, or a
	// machine that slept, is to blame for neither.
	looks = 20
)

// inside is the key of a bubble in the contexts that it hands out.
type inside struct{}

// Outside is what those outside of a bubble have to do with it. All of it is used in wall time.
type Outside struct {
	// Stop, closed, ends the context within a virtual second. Nil: never.
	Stop <-chan struct{}
	// Passed is told, now and then, how much virtual time has passed. Nil: nobody is.
	Passed func(time.Duration)
	// Stuck is told why the clock stands still for good, with the goroutines that hold it. They cannot be ended, nor
	// can In return: it must end the process. Nil: panic.
	Stuck func(error)
	// Patience is how long the clock may stand still, in wall time. Zero: 10 s.
	Patience time.Duration
}

// bubble is virtual time that goes.
type bubble struct {
	began  time.Time // in virtual time
	passed atomic.Int64
	stop   atomic.Bool
}

// In runs f in virtual time and returns when all that it has started has ended. Goroutines that have not ended a virtual
// minute after f, because they wait for one another or for a time that does not come any more, are left behind, and told
// of. Only f may use the context.
func In(t *testing.T, o Outside, f func(context.Context)) (left error) {
	b := &bubble{}
	done := make(chan struct{})
	defer close(done)
	go b.watch(o, done)
	defer func() {
		if p := recover(); p != nil {
			if left = deadlock(p); left == nil {
				panic(p)
			}
		}
	}()
	synctest.Test(t, func(*testing.T) { b.run(f) })
	return nil
}

// deadlock tells the end of a bubble in which goroutines wait for ever; nil for any other panic.
func deadlock(panicked any) error {
	err, ok := panicked.(error)
	if !ok || !strings.Contains(err.Error(), "blocked goroutines remain") {
		return nil
	}
	return fmt.Errorf("goroutines wait for ever: %w", err)
}

func (b *bubble) run(f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), inside{}, b))
	defer cancel()
	b.began = time.Now()
	done := make(chan struct{})
	go b.beat(cancel, done)
	f(ctx)
	time.Sleep(leaving)
	close(done)
}

// beat shows that the clock goes.
func (b *bubble) beat(cancel context.CancelFunc, done <-chan struct{}) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-done:
			return
		}
		b.passed.Store(int64(time.Since(b.began)))
		if b.stop.Load() {
			cancel()
		}
	}
}

// watch looks from outside, in wall time.
func (b *bubble) watch(o Outside, done <-chan struct{}) {
	ticker := time.NewTicker(o.patience() / looks)
	defer ticker.Stop()
	stop := o.Stop
	var seen time.Duration
	for still := 0; still < looks; still++ {
		select {
		case <-done:
			return
		case <-stop:
			b.stop.Store(true)
			stop, still = nil, still-1
			continue
		case <-ticker.C:
		}
		if passed := time.Duration(b.passed.Load()); passed != seen {
			seen, still = passed, -1
			if o.Passed != nil {
				o.Passed(passed)
			}
		}
	}
	o.stuck(b.stuck(seen, o.patience()))
}

func (o Outside) patience() time.Duration { return cmp.Or(o.Patience, usualPatience) }

func (o Outside) stuck(err error) {
	if o.Stuck == nil {
		panic(err)
	}
	o.Stuck(err)
}

// stuck says why the clock stands still.
func (b *bubble) stuck(at, patience time.Duration) error {
	holding := holders(stacks())
	if len(holding) == 0 {
		return fmt.Errorf("virtual time stands still at %v for %v, and no goroutine in it waits for anything outside of it", at, patience)
	}
	return fmt.Errorf(`virtual time stands still at %v for %v: it goes on only when every goroutine in it waits for another one in it or
for a time. These do not: they compute, or wait for a real socket, a file, a lock or a channel that was made outside, as all
that a package makes before main are:

%s`, at, patience, strings.Join(holding, "\n\n"))
}

func stacks() string {
	for size := 1 << 20; ; size *= 2 {
		text := make([]byte, size)
		if n := runtime.Stack(text, true); n < size {
			return string(text[:n])
		}
	}
}

// holders are the goroutines in a bubble that hold its clock, one of each that stand at the same place. The runtime marks
// those that do not.
func holders(stacks string) (found []string) {
	var places []string
	alike := map[string]int{}
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		head, _, _ := strings.Cut(stack, "\n")
		if !strings.Contains(head, "synctest bubble") || strings.Contains(head, "synctest.Run") || strings.Contains(head, "(durable)") {
			continue
		}
		place := strings.Join(inSource.FindAllString(stack, -1), " ")
		if alike[place]++; alike[place] == 1 {
			found, places = append(found, stack), append(places, place)
		}
	}
	for i, place := range places {
		if n := alike[place]; n > 1 {
			found[i] += fmt.Sprintf("\n(and %d more that stand there)", n-1)
		}
	}
	return found
}

// inSource finds where a stack stands, file:line.
var inSource = regexp.MustCompile(`(?m)^\t\S+:\d+`)
