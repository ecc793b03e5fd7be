package workloads

import "context"

// Handoff keeps the line at the lock as long as it is: who releases gets in line again in the same breath, in
// the same request if the lock can do that, and nobody stays. It shows what it takes to pass the lock on.
type Handoff struct{ idle }

// Turn is acquire, release.
func (Handoff) Turn(ctx context.Context, p *Process, r Round) bool {
	hold := p.Acquire(ctx, r)
	if hold == nil {
		return false
	}
	p.Stay(ctx, hold, 0)
	if r.Again() {
		p.Requeue(ctx, hold)
	} else {
		p.Release(ctx, hold)
	}
	return true
}
