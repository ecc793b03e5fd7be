package workloads

import (
	"context"
	"time"
)

// ReadersWriter reads a register under a shared lock in some rounds, and does as Register in the others.
type ReadersWriter struct {
	register *Register
}

// NewReadersWriter makes the workload for a resource.
func NewReadersWriter(r Resource) *ReadersWriter { return &ReadersWriter{NewRegister(r)} }

// Turn is acquire, read, stay, read, release of a reader, or a turn of a writer.
func (w *ReadersWriter) Turn(ctx context.Context, p *Process, r Round) bool {
	if !r.Shared {
		return w.register.Turn(ctx, p, r)
	}
	hold := p.Acquire(ctx, r)
	if hold == nil {
		return false
	}
	defer p.Release(ctx, hold)
	_, err := w.register.read(ctx, p, r.Key, hold)
	if err == nil && p.Stay(ctx, hold, r.Stay) {
		_, _ = w.register.read(ctx, p, r.Key, hold) // whether it could be read is in the history
	}
	return true
}

// Last reads the register a last time.
func (w *ReadersWriter) Last(ctx context.Context, p *Process, key string, patience time.Duration) {
	w.register.Last(ctx, p, key, patience)
}
