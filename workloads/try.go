package workloads

import "context"

// Try is Contend by clients that do not wait: where the lock is taken they go away, and come again.
type Try struct{ idle }

// Turn is try, stay, release.
func (Try) Turn(ctx context.Context, p *Process, r Round) bool {
	hold := p.TryAcquire(ctx, r)
	if hold == nil {
		return false
	}
	p.Stay(ctx, hold, r.Stay)
	p.Release(ctx, hold)
	return true
}
