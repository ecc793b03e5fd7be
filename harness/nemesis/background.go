package nemesis

import (
	"context"
	"time"
)

// undoTime is how long an injection that fails may take to leave nothing behind.
const undoTime = 10 * time.Second

// undoing is a context for that: the injection's own may be what has ended.
func undoing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), undoTime)
}

// goOn does work beside the workload until end, which waits for it and gives what it did. The injection's
// own context ends before.
func goOn[Done any](ctx context.Context, work func(context.Context) Done) (end func() Done) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	did := make(chan Done, 1)
	go func() { did <- work(ctx) }()
	return func() Done {
		cancel()
		return <-did
	}
}

// rest waits; false: the work is to end.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
