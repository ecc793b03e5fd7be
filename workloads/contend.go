package workloads

import "context"

// Contend acquires, stays and releases, and protects nothing: for what a lock costs, and for locks that let
// several in.
type Contend struct{ idle }

// Turn is acquire, stay, release.
func (Contend) Turn(ctx context.Context, p *Process, r Round) bool {
	hold := p.Acquire(ctx, r)
	if hold == nil {
		return false
	}
	p.Stay(ctx, hold, r.Stay)
	p.Release(ctx, hold)
	return true
}
