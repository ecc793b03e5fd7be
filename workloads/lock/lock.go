// Package lock is the contract between lockquake and a lock strategy. It is all that a strategy
// of your own has to import: write a Strategy, hand it to the catalogue of cmd/cli (AddStrategy) or to
// harness/locktest (Run), and every workload, fault and checker works on it. cmd/examples/ownlock does both.
//
// The package never talks to etcd itself. Read workloads/locks next for strategies that fulfil it.
package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Strategy opens a lock for one client. It may create a session; Lock.Close ends it.
type Strategy func(context.Context, Env) (Lock, error)

// Env is what a strategy is given. Client is the caller's own connection: the strategy must not
// close it, and must not dial another, because faults act on this one.
type Env struct {
	Client   *clientv3.Client
	Name     string        // the lock's name; the strategy keeps its keys at or below it
	TTL      time.Duration // lease TTL, whole seconds
	ClientID string        // the same for every session of one client
	Permits  int           // how many may hold the lock at a time, where it is a Semaphore; else it is of no use
	// Endpoints gives addresses (host:port, plain text) of the members for programs in processes of their own.
	// What they send and receive there passes the links of this client, and faults act on it.
	Endpoints func(context.Context) ([]string, error)
	// Granted and Renewed are told of a lease that the strategy got or renewed otherwise than over Client, which tells
	// of its own: it lives at least until sent + ttl. Nil: nobody wants to know.
	Granted, Renewed func(lease int64, ttl time.Duration, sent time.Time)
	// Dir is a folder of the run where a strategy may leave files, a log for instance; empty: there is none.
	Dir string
}

// TTLSeconds is the TTL in the unit that etcd grants leases in.
func (e Env) TTLSeconds() int64 { return int64(e.TTL / time.Second) }

// Lock is one client's handle on a lock. One goroutine uses it at a time.
type Lock interface {
	// Acquire blocks until the lock is held or ctx ends. An error that wraps ErrDefinite says that
	// the call surely had no effect; after any other error the lock may be held all the same.
	Acquire(context.Context) (Hold, error)
	// Close ends the session. It must return, at the latest when the client is closed.
	Close() error
}

// Hold is the lock, held once: from Acquire's return to the call of Release.
type Hold struct {
	// Token grows from one holder to the next, so that a resource can refuse an old holder; 0: none.
	Token int64
	// Key is the etcd key that exists, with create revision Token, as long as etcd sees the lock as
	// held; empty: no such key.
	Key string
	// Lease is the lease that the hold lives on; 0: none.
	Lease clientv3.LeaseID
	// Lost is closed when the strategy learns that the lock is gone; nil: it never tells.
	Lost <-chan struct{}
	// Release gives the lock back. An error that wraps ErrNotHeld says that it was not held any
	// more; after an error that does not wrap ErrDefinite it may or may not have been released.
	Release func(context.Context) error
}

// ErrDefinite is wrapped by errors of operations that surely had no effect.
var ErrDefinite = errors.New("no effect")

// ErrNotHeld is wrapped by the error of a release that found the lock gone or in other hands.
var ErrNotHeld = fmt.Errorf("lock not held: %w", ErrDefinite)
