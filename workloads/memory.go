package workloads

import (
	"context"
	"fmt"
	"sync"
)

// Memory is a resource outside of etcd, such as a file store or a database that everybody reaches
// whatever happens to etcd.
//
// Fenced, it keeps the highest token that any read or write came with, and refuses older ones. Reads
// count: a holder that has read is about to write, and an older write that slips in between is a
// lost update, though it came before the newer token's write.
type Memory struct {
	Fenced bool

	mu        sync.Mutex
	pos       int64
	registers map[string]register
}

type register struct {
	value   int64
	highest int64 // token, where fenced
}

// Read gives the value of a key; it is refused like a write.
func (m *Memory) Read(_ context.Context, key string, hold *Hold) (value, pos int64, err error) {
	err = m.visit(key, hold, func(r *register, at int64) { value, pos = r.value, at })
	return value, pos, err
}

// Write replaces the value of a key.
func (m *Memory) Write(_ context.Context, key string, hold *Hold, value int64) (pos int64, err error) {
	err = m.visit(key, hold, func(r *register, at int64) { r.value, pos = value, at })
	return pos, err
}

func (m *Memory) visit(key string, hold *Hold, do func(*register, int64)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.registers[key]
	if m.Fenced && hold != nil {
		if hold.Token < r.highest {
			return fmt.Errorf("token %d after %d: %w", hold.Token, r.highest, ErrRefused)
		}
		r.highest = hold.Token
	}
	m.pos++
	do(&r, m.pos)
	if m.registers == nil {
		m.registers = map[string]register{}
	}
	m.registers[key] = r
	return nil
}
