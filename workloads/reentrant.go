package workloads

import (
	"context"
	"time"
)

// Reentrant is Register with a nested acquire and release between reading and writing, as when a function that
// takes the lock calls another one that does so, too.
type Reentrant struct {
	register *Register
}

// NewReentrant makes the workload for a resource.
func NewReentrant(r Resource) *Reentrant { return &Reentrant{NewRegister(r)} }

// Turn is acquire, read, acquire again, stay, release once, stay, write, release.
func (w *Reentrant) Turn(ctx context.Context, p *Process, r Round) bool {
	outer := p.Acquire(ctx, r)
	if outer == nil {
		return false
	}
	defer p.Release(ctx, outer)
	text, err := w.register.read(ctx, p, r.Key, outer)
	if err == nil && w.nest(ctx, p, outer, r.Stay/2) && p.Stay(ctx, outer, r.Stay/2) {
		w.register.write(ctx, p, r.Key, outer, text)
	}
	return true
}

// nest acquires the lock once more for a while, and tells whether the process still believes in its hold then.
func (*Reentrant) nest(ctx context.Context, p *Process, outer *Hold, stay time.Duration) bool {
	inner := p.Reacquire(ctx, outer)
	if inner == nil {
		return false
	}
	defer p.Release(ctx, inner)
	return p.Stay(ctx, outer, stay)
}

// Last reads the register a last time.
func (w *Reentrant) Last(ctx context.Context, p *Process, key string, patience time.Duration) {
	w.register.Last(ctx, p, key, patience)
}
