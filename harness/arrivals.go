package harness

import (
	"context"
	"time"
)

// backlog is how many arrivals may wait for a free client; beyond that they come late themselves, and are still
// counted from when they were due.
const backlog = 1 << 16

// arrive lets acquires fall due as planned, whether or not a client is free: in a closed loop a slow lock is asked
// for less often, and its worst waits are never seen.
func (r *run) arrive(ctx context.Context) {
	planned := r.cell.Arrivals
	if len(planned) == 0 {
		return
	}
	r.arrivals = make(chan time.Duration, backlog)
	began := time.Now()
	r.clients.Go(func() {
		for i := 0; ; i++ {
			at := time.Duration(i/len(planned))*planned[len(planned)-1] + planned[i%len(planned)]
			if !sleep(ctx, at-time.Since(began)) {
				return
			}
			r.costs.cameLate(began.Add(at))
			select {
			case r.arrivals <- r.rec.Since(began.Add(at)):
			case <-ctx.Done():
				return
			}
		}
	})
}

// due waits for an acquire that is due; false: there will be none. In a closed loop one is always due.
func (r *run) due(ctx context.Context) (time.Duration, bool) {
	if r.arrivals == nil {
		return 0, !r.over(ctx)
	}
	select {
	case at := <-r.arrivals:
		return at, !r.over(ctx)
	case <-r.stop:
	case <-ctx.Done():
	}
	return 0, false
}
