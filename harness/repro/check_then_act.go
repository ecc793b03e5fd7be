package repro

import (
	"context"
	"fmt"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads"
)

// A holder asks in one Txn whether it still holds the lock, and writes in another one. Between the two it may lose
// the lock, and the next holder may write.
func checkThenAct() Reproduction {
	return Reproduction{
		ID:       "check-then-act",
		Shows:    "a holder that asks IsOwner in one Txn and writes in the next one still overwrites the next holder",
		Upstream: "by design: IsOwner is a comparison, to be put into the Txn of the write",
		Fault:    "revoke-holder",
		Flawed: Variant{
			Lock: "concurrency.Mutex, and a look at IsOwner before each write to etcd", open: openBareMutex,
			resource: func(s *scene) workloads.Resource { return asking{s.etcd(false)} },
			Expect:   both([]Expectation{{Checker: "fencing", Verdict: Invalid, Why: "stale write accepted"}}, invalid("exclusion"), valid("evidence")),
		},
		Sound: Variant{
			Lock: "concurrency.Mutex, and each write to etcd in one Txn with IsOwner", open: openBareMutex, fenced: true,
			resource: func(s *scene) workloads.Resource { return s.etcd(true) },
			Expect:   both([]Expectation{{Checker: "fencing", Verdict: Valid, Why: "1 stale write refused"}}, valid("evidence")),
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			old := c0.acquires()
			old.reads()
			write := c0.sendsLate(writesResource)
			written := old.beginsToWrite()
			write.isUnderWay()
			c0.losesLease("revoke-holder")
			next := c1.acquires()
			next.reads()
			next.writes()
			write.arrives()
			written.ends()
			old.releases()
			next.releases()
		},
	}
}

const resourcePrefix = "lockquake/resource/"

// etcd is a resource in etcd.
func (s *scene) etcd(fenced bool) *workloads.Etcd {
	of := func(number int32) *clientv3.Client {
		for _, c := range s.clients {
			if c.number == number {
				return c.Etcd
			}
		}
		return nil
	}
	return &workloads.Etcd{Prefix: resourcePrefix, Fenced: fenced, Client: of}
}

// asking is a resource in etcd whose writers ask first whether they still hold the lock.
type asking struct{ *workloads.Etcd }

// Write asks, and then writes.
func (a asking) Write(ctx context.Context, key string, hold *workloads.Hold, text string) (pos int64, err error) {
	isOwner := clientv3.Compare(clientv3.CreateRevision(hold.Key), "=", hold.Token)
	resp, err := a.Client(hold.Client).Txn(ctx).If(isOwner).Commit()
	if err == nil && !resp.Succeeded {
		err = fmt.Errorf("not the owner: %w", workloads.ErrRefused)
	}
	if err != nil {
		return 0, err
	}
	return a.Etcd.Write(ctx, key, hold, text)
}

// writesResource tells a Txn that writes the resource.
func writesResource(request any) bool {
	txn, is := request.(*pb.TxnRequest)
	return is && anyOp(txn, func(op *pb.RequestOp) bool {
		return strings.HasPrefix(string(op.GetRequestPut().GetKey()), resourcePrefix)
	})
}
