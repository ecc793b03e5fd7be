// Command exec-go is a lock on etcd as a program for lockquake run --exec.
//
// Create-if-absent under a lease, with etcd's client; a waiter watches. The fencing token is the key's create revision.
// The holder keeps a deadline of its own, the last renewal that was sent plus the TTL, and tells when it is past.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// patience is for one request.
const patience = time.Second

type request struct {
	ID        int64    `json:"id"`
	Op        string   `json:"op"`
	Name      string   `json:"name"`
	TTL       int64    `json:"ttl_ms"`
	Endpoints []string `json:"endpoints"`
	Timeout   int64    `json:"timeout_ms"`
}

// line is an answer or a notice.
type line struct {
	ID      int64            `json:"id,omitempty"`
	OK      bool             `json:"ok,omitempty"`
	Token   int64            `json:"token,omitempty"`
	Key     string           `json:"key,omitempty"`
	Lease   clientv3.LeaseID `json:"lease,omitempty"`
	Error   string           `json:"error,omitempty"`
	NotHeld bool             `json:"not_held,omitempty"`
	Event   string           `json:"event,omitempty"`
	TTL     int64            `json:"ttl_ms,omitempty"`
	Sent    int64            `json:"sent_unix_ms,omitempty"`
}

func main() {
	log.SetFlags(log.Lmicroseconds)
	var l *locker
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		var r request
		if err := json.Unmarshal(requests.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		if r.Op == "init" {
			l = open(r)
		}
		answer := l.do(r)
		answer.ID = r.ID
		l.say(answer)
	}
	l.letGo()
}

// locker is the lock of one client.
type locker struct {
	etcd  *clientv3.Client
	name  string
	ttl   time.Duration
	lease *lease // nil: there is none
	token int64  // 0: it is not held

	saying sync.Mutex
}

func open(r request) *locker {
	etcd, err := clientv3.New(clientv3.Config{Endpoints: r.Endpoints, Logger: zap.NewNop()})
	if err != nil {
		log.Fatal(err)
	}
	return &locker{etcd: etcd, name: r.Name, ttl: time.Duration(r.TTL) * time.Millisecond}
}

func (l *locker) say(what line) {
	l.saying.Lock()
	defer l.saying.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		log.Fatal(err)
	}
}

func (l *locker) do(r request) line {
	switch r.Op {
	case "init":
		return line{OK: true}
	case "acquire":
		return l.acquire(r)
	case "release":
		return l.release()
	}
	return line{Error: "there is no request " + r.Op}
}

func (l *locker) acquire(r request) line {
	ctx, cancel := context.WithCancel(context.Background())
	if r.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.Timeout)*time.Millisecond)
	}
	defer cancel()
	for ctx.Err() == nil {
		revision, err := l.try(ctx)
		if l.token != 0 {
			return line{OK: true, Token: l.token, Key: l.name, Lease: l.lease.id}
		}
		if err != nil { // what this try has created, the next one knows by its lease
			log.Print("acquire: ", err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		l.awaitChange(ctx, revision+1)
	}
	l.letGo()
	return line{Error: ctx.Err().Error()}
}

// try creates the key, or finds that it did before. Of one that is another's, it gives the revision at which that was so.
func (l *locker) try(ctx context.Context) (revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if l.lease == nil || l.lease.ended() {
		if l.lease, err = l.newLease(ctx); err != nil {
			return 0, err
		}
	}
	answer, err := l.etcd.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(l.name), "=", 0)).
		Then(clientv3.OpPut(l.name, "", clientv3.WithLease(l.lease.id))).
		Else(clientv3.OpGet(l.name)).Commit()
	if err != nil {
		return 0, err
	}
	if answer.Succeeded {
		l.token = answer.Header.Revision
	} else if found := answer.Responses[0].GetResponseRange().Kvs[0]; clientv3.LeaseID(found.Lease) == l.lease.id {
		l.token = found.CreateRevision
	}
	return answer.Header.Revision, nil
}

// awaitChange waits until the key changes, or the lease ends: then another one is needed. A watch that says
// nothing for a TTL may be cut off.
func (l *locker) awaitChange(ctx context.Context, from int64) {
	ctx, cancel := context.WithTimeout(ctx, l.ttl)
	defer cancel()
	select {
	case <-l.etcd.Watch(clientv3.WithRequireLeader(ctx), l.name, clientv3.WithRev(from)):
	case <-l.lease.over:
	}
}

func (l *locker) release() line {
	token := l.token
	if l.token = 0; token == 0 {
		return line{Error: "it was not acquired", NotHeld: true}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := l.etcd.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(l.name), "=", token)).
		Then(clientv3.OpDelete(l.name)).Commit()
	switch {
	case err != nil:
		l.letGo()
		return line{Error: err.Error()}
	case !answer.Succeeded:
		return line{Error: "the key is gone, or another's", NotHeld: true}
	}
	return line{OK: true}
}

// letGo gives up the lease: without it the key is gone, at the latest after the TTL.
func (l *locker) letGo() {
	if l == nil || l.lease == nil {
		return
	}
	l.lease.letGo()
	<-l.lease.over
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := l.etcd.Revoke(ctx, l.lease.id); err != nil {
		log.Print("revoke: ", err)
	}
	l.lease = nil
}

// lease is renewed until it is let go or lost.
type lease struct {
	id       clientv3.LeaseID
	deadline time.Time
	letGo    context.CancelFunc
	over     <-chan struct{} // closed: it is not renewed any more
}

func (l *lease) ended() bool {
	select {
	case <-l.over:
		return true
	default:
		return false
	}
}

func (l *locker) newLease(ctx context.Context) (*lease, error) {
	sent := time.Now()
	granted, err := l.etcd.Grant(ctx, int64(l.ttl/time.Second))
	if err != nil {
		return nil, err
	}
	life, letGo := context.WithCancel(context.Background())
	over := make(chan struct{})
	fresh := &lease{id: granted.ID, letGo: letGo, over: over}
	l.good(fresh, sent)
	go func() {
		defer close(over) // after it was told: before that, nobody asks for another lease
		if l.renew(life, fresh); life.Err() == nil {
			l.say(line{Event: "lost"})
		}
	}()
	return fresh, nil
}

// good tells how long the lease lives, which counts from before the request that asked for it.
func (l *locker) good(of *lease, sent time.Time) {
	of.deadline = sent.Add(l.ttl)
	l.say(line{Event: "renew", Lease: of.id, TTL: l.ttl.Milliseconds(), Sent: sent.UnixMilli()})
}

// renew returns when the lease is let go, gone, or past its deadline.
func (l *locker) renew(life context.Context, of *lease) {
	for time.Now().Before(of.deadline) {
		select {
		case <-life.Done():
			return
		case <-time.After(l.ttl / 4):
		}
		sent := time.Now()
		ctx, cancel := context.WithDeadline(life, of.deadline)
		_, err := l.etcd.KeepAliveOnce(ctx, of.id)
		cancel()
		switch {
		case errors.Is(err, rpctypes.ErrLeaseNotFound):
			return
		case err != nil:
			log.Print("renew: ", err)
		default:
			l.good(of, sent)
		}
	}
}
