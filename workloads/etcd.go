package workloads

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Etcd is a resource in etcd itself, below Prefix. Positions are revisions.
//
// Fenced, a write goes in one transaction with the condition that the lock's key is still the
// writer's; a hold without a key cannot write. Reads need no such condition: whoever reads after him
// acquired after that key was gone.
type Etcd struct {
	Prefix string
	Fenced bool
	// Client gives the client that a process is to use.
	Client func(client int32) *clientv3.Client
	// Reader is used where no lock is held.
	Reader *clientv3.Client
}

// Read gives the text of a key by a linearizable read.
func (e *Etcd) Read(ctx context.Context, key string, hold *Hold) (text string, pos int64, err error) {
	client := e.Reader
	if hold != nil {
		client = e.Client(hold.Client)
	}
	resp, err := client.Get(ctx, e.Prefix+key)
	if err != nil {
		return "", 0, fmt.Errorf("read %s: %w", key, err)
	}
	if len(resp.Kvs) > 0 {
		text = string(resp.Kvs[0].Value)
	}
	return text, resp.Header.Revision, nil
}

// Write replaces the text of a key.
func (e *Etcd) Write(ctx context.Context, key string, hold *Hold, text string) (pos int64, err error) {
	if e.Fenced && hold.Key == "" {
		return 0, fmt.Errorf("a hold without a key: %w", ErrRefused)
	}
	txn := e.Client(hold.Client).Txn(ctx)
	if e.Fenced {
		txn = txn.If(clientv3.Compare(clientv3.CreateRevision(hold.Key), "=", hold.Token))
	}
	resp, err := txn.Then(clientv3.OpPut(e.Prefix+key, text)).Commit()
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", key, err)
	}
	if !resp.Succeeded {
		return 0, fmt.Errorf("%s is not of revision %d: %w", hold.Key, hold.Token, ErrRefused)
	}
	return resp.Header.Revision, nil
}
