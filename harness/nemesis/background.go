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
