package workloads

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
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
	highest int64 // token
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
	if hold != nil {
		if m.Fenced && hold.Token < r.highest {
			return fmt.Errorf("token %d after %d: %w", hold.Token, r.highest, ErrRefused)
		}
		r.highest = max(r.highest, hold.Token)
	}
	m.pos++
	do(&r, m.pos)
	if m.registers == nil {
		m.registers = map[string]register{}
	}
	m.registers[key] = r
	return nil
}

// Etcd is a resource in etcd itself, below Prefix. Positions are revisions.
//
// Fenced, a write goes in one transaction with the condition that the lock's key is still the
// writer's. Reads need no such condition: whoever reads after him acquired after that key was gone.
type Etcd struct {
	Prefix string
	Fenced bool
	// Client gives the client that a process is to use.
	Client func(client int32) *clientv3.Client
	// Reader is used where no lock is held.
	Reader *clientv3.Client
}

// Read gives the value of a key by a linearizable read.
func (e *Etcd) Read(ctx context.Context, key string, hold *Hold) (value, pos int64, err error) {
	client := e.Reader
	if hold != nil {
		client = e.Client(hold.Client)
	}
	resp, err := client.Get(ctx, e.Prefix+key)
	if err != nil {
		return 0, 0, fmt.Errorf("read %s: %w", key, err)
	}
	if len(resp.Kvs) > 0 {
		value, err = strconv.ParseInt(string(resp.Kvs[0].Value), 10, 64)
	}
	return value, resp.Header.Revision, err
}

// Write replaces the value of a key.
func (e *Etcd) Write(ctx context.Context, key string, hold *Hold, value int64) (pos int64, err error) {
	txn := e.Client(hold.Client).Txn(ctx)
	if e.Fenced {
		txn = txn.If(clientv3.Compare(clientv3.CreateRevision(hold.Key), "=", hold.Token))
	}
	resp, err := txn.Then(clientv3.OpPut(e.Prefix+key, strconv.FormatInt(value, 10))).Commit()
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", key, err)
	}
	if !resp.Succeeded {
		return 0, fmt.Errorf("%s is not of revision %d: %w", hold.Key, hold.Token, ErrRefused)
	}
	return resp.Header.Revision, nil
}
