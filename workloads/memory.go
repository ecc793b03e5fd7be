package workloads

import (
	"context"
	"fmt"
	"sync"

	"lockquake/checker/history"
)

// Memory is a resource outside of etcd, such as a file store or a database that everybody reaches
// whatever happens to etcd.
//
// Fenced, it keeps the highest token that any read or write came with, and refuses older ones. Reads
// count: a holder that has read is about to write, and an older write that slips in between is a
// lost update, though it came before the newer token's write. Readers that share the lock may come in
// any order among themselves.
type Memory struct {
	Fenced bool

	mu    sync.Mutex
	pos   int64
	texts map[string]text
}

type text struct {
	content string
	highest int64 // token of any visitor, where fenced
	alone   int64 // the highest of those that did not share the lock
}

// Read gives the text of a key; it is refused like a write.
func (m *Memory) Read(_ context.Context, key string, hold *Hold) (content string, pos int64, err error) {
	err = m.visit(key, hold, func(t *text, at int64) { content, pos = t.content, at })
	return content, pos, err
}

// Write replaces the text of a key.
func (m *Memory) Write(_ context.Context, key string, hold *Hold, content string) (pos int64, err error) {
	err = m.visit(key, hold, func(t *text, at int64) { t.content, pos = content, at })
	return pos, err
}

func (m *Memory) visit(key string, hold *Hold, do func(*text, int64)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.texts[key]
	if m.Fenced && hold != nil {
		if err := t.admit(hold); err != nil {
			return err
		}
	}
	m.pos++
	do(&t, m.pos)
	if m.texts == nil {
		m.texts = map[string]text{}
	}
	m.texts[key] = t
	return nil
}

// admit refuses old tokens.
func (t *text) admit(hold *Hold) error {
	shared := hold.Mode == history.Shared
	newest := t.highest
	if shared {
		newest = t.alone
	}
	if hold.Token < newest {
		return fmt.Errorf("token %d after %d: %w", hold.Token, newest, ErrRefused)
	}
	t.highest = max(t.highest, hold.Token)
	if !shared {
		t.alone = hold.Token
	}
	return nil
}
