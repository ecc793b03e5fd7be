package nemesis

import (
	"context"
	"fmt"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
)

// Request is a kind of request that clients make.
type Request string

// Requests, as most locks make them.
const (
	AcquiringTxn    Request = "acquiring Txn"    // puts a key under a lease
	ReleasingDelete Request = "releasing Delete" // or a Txn that deletes
	Renewal         Request = "renewal"
)

// LoseReply loses exactly one reply: etcd has done what the client asked for, and the client does not
// learn it.
type LoseReply struct{ To Request }

// Requires requests of the usual kinds.
func (LoseReply) Requires() Requirements { return Requirements{Traits: OnLease | ThroughClient} }

// Lasts until such a request has come: renewals do thrice a TTL, others at the client's next turn.
func (LoseReply) Lasts(ttl time.Duration) time.Duration { return 2 * ttl }

// Inject waits for the client's next such request. Its evidence is that the reply to one was lost.
func (l LoseReply) Inject(ctx context.Context, t Target) (Injected, error) {
	if err := t.findVictim(ctx); err != nil {
		return Injected{}, fmt.Errorf("lose the reply to a %s: %w", l.To, err)
	}
	stop := t.Clients.LoseReply(t.Victim.Client, l.To.is)
	heal := func(ctx context.Context) (Evidence, error) {
		fate := t.leaseFate(ctx)
		lost := stop()
		if lost == "" {
			return Evidence{What: words(fmt.Sprintf("no %s was answered", l.To), fate.String())}, nil
		}
		return Evidence{Observed: true, What: words("lost: "+lost, fate.String())}, nil
	}
	return Injected{To: t.Victim.String(), Heal: heal}, nil
}

func (r Request) is(request any) bool {
	switch request := request.(type) {
	case *pb.TxnRequest:
		either := slices.Concat(request.Success, request.Failure) // what has changed nothing is not taken
		return r == AcquiringTxn && anyOp(either, putsUnderLease) || r == ReleasingDelete && anyOp(either, deletes)
	case *pb.DeleteRangeRequest, *v3lockpb.UnlockRequest:
		return r == ReleasingDelete
	case *v3lockpb.LockRequest:
		return r == AcquiringTxn
	case *pb.LeaseKeepAliveRequest:
		return r == Renewal
	}
	return false
}

// anyOp looks into Txns within a Txn, too.
func anyOp(ops []*pb.RequestOp, is func(*pb.RequestOp) bool) bool {
	for _, op := range ops {
		inner := op.GetRequestTxn()
		if is(op) || anyOp(inner.GetSuccess(), is) || anyOp(inner.GetFailure(), is) {
			return true
		}
	}
	return false
}

func putsUnderLease(op *pb.RequestOp) bool { return op.GetRequestPut().GetLease() != 0 }

func deletes(op *pb.RequestOp) bool { return op.GetRequestDeleteRange() != nil }
