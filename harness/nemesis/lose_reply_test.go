package nemesis_test

import (
	"testing"
	"testing/synctest"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"lockquake/harness/nemesis"
)

func TestLostReplyIsEvident(t *testing.T) {
	c := injection{fault: nemesis.LoseReply{To: nemesis.Renewal}, members: 3, role: nemesis.Holder, to: holderOfLease,
		did: []string{"lose a reply of c3"}, undid: []string{"stop losing"},
		then: func(w *world) { w.reply = "the answer of m0" }, want: seen("lost: the answer of m0; its lease had ended")}
	bubble(t, "lost", c.run)
	c.then, c.want = nil, unseen("no renewal was answered; its lease had ended")
	bubble(t, "nothing was answered", c.run)
}

func put(lease int64) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: []byte("k1"), Lease: lease}}}
}

func remove() *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte("k1")}}}
}

func get() *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: &pb.RangeRequest{Key: []byte("k1")}}}
}

func within(inner *pb.TxnRequest) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: inner}}
}

func then(ops ...*pb.RequestOp) *pb.TxnRequest      { return &pb.TxnRequest{Success: ops} }
func otherwise(ops ...*pb.RequestOp) *pb.TxnRequest { return &pb.TxnRequest{Failure: ops} }

// matches are the kinds that a request is of.
func matches(t *testing.T, request any) (kinds []nemesis.Request) {
	for _, kind := range []nemesis.Request{nemesis.AcquiringTxn, nemesis.ReleasingDelete, nemesis.Renewal} {
		w := members(1)
		inject(t, nemesis.LoseReply{To: kind}, w.target(nemesis.Holder))
		if w.match(request) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func TestRequestsAreToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		request any
		want    nemesis.Request // empty: none
	}{
		"Mutex acquires":            {then(put(7), get()), nemesis.AcquiringTxn},
		"acquires within":           {then(get(), within(then(put(7)))), nemesis.AcquiringTxn},
		"puts without a lease":      {then(put(0)), ""},
		"Semaphore acquires":        {otherwise(put(7), get()), nemesis.AcquiringTxn},
		"puts otherwise, no lease":  {otherwise(put(0)), ""},
		"only reads":                {then(get()), ""},
		"an empty Txn":              {&pb.TxnRequest{}, ""},
		"Delete":                    {&pb.DeleteRangeRequest{Key: []byte("k1")}, nemesis.ReleasingDelete},
		"guarded Delete":            {then(remove()), nemesis.ReleasingDelete},
		"guarded the other way":     {otherwise(remove()), nemesis.ReleasingDelete},
		"Delete within":             {otherwise(within(otherwise(get(), remove()))), nemesis.ReleasingDelete},
		"renewal":                   {&pb.LeaseKeepAliveRequest{ID: 7}, nemesis.Renewal},
		"a grant":                   {&pb.LeaseGrantRequest{ID: 7}, ""},
		"a plain Put under a lease": {&pb.PutRequest{Lease: 7}, ""},
		"nothing":                   {nil, ""},
	} {
		bubble(t, name, func(t *testing.T) {
			got := matches(t, tc.request)
			if tc.want == "" && len(got) > 0 || tc.want != "" && (len(got) != 1 || got[0] != tc.want) {
				t.Errorf("told as %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAcquiringAndReleasingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if got := matches(t, then(put(7), remove())); len(got) != 2 {
			t.Errorf("told as %q, want both", got)
		}
	})
}
