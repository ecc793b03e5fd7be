package repro

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"lockquake/checker/history"
	"lockquake/harness/cluster"
	"lockquake/workloads/lock"
)

// Whether the hazards show is tested where histories are judged, in cmd/cli.

func TestEachHazardIsAbsentFromItsCounterpart(t *testing.T) {
	var ids []string
	for _, r := range All() {
		if slices.Contains(ids, r.ID) || r.ID == "" || r.Shows == "" || r.Upstream == "" || r.Fault == "" || r.Flawed.Lock == "" || r.Sound.Lock == "" {
			t.Errorf("%q has no name of its own, or says too little of itself", r.ID)
		}
		ids = append(ids, r.ID)
		if !r.tells() {
			t.Errorf("%s: nothing is expected of the flawed variant that is not of the sound one", r.ID)
		}
	}
}

// tells whether there is a checker, or a fact, that tells the variants apart.
func (r Reproduction) tells() bool {
	for _, flawed := range r.Flawed.Expect {
		for _, sound := range r.Sound.Expect {
			if flawed.Checker == sound.Checker && flawed.Verdict == Invalid && sound.Verdict == Valid {
				return true
			}
		}
	}
	for _, flawed := range r.Flawed.Bounds {
		for _, sound := range r.Sound.Bounds {
			if flawed.Fact == sound.Fact && flawed.AtLeast > sound.AtMost {
				return true
			}
		}
	}
	return false
}

func TestHazardWithoutATellingCounterpartIsNoticed(t *testing.T) {
	r := etcd22082()
	r.Sound = r.Flawed
	if r.tells() {
		t.Error("the flawed variant is its own counterpart, and that was not noticed")
	}
}

func TestSceneLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var out bytes.Buffer
	record, err := etcd18082().Run(t.Context(), cluster.Start, etcd18082().Sound, 1, &out)
	if err != nil {
		t.Fatal(err)
	}
	h, err := history.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if h.Cut != "" || len(h.Defects) > 0 || len(record.Steps) == 0 {
		t.Errorf("cut %q, defects %q, %d steps", h.Cut, h.Defects, len(record.Steps))
	}
}

// A script that does not get what it waits for fails, says for what it waited, and ends everything.
func TestScriptThatFailsSaysWhy(t *testing.T) {
	broken := errors.New("out of order")
	r := etcd22082()
	r.play = func(s *scene) { s.client(0).acquires() }
	refusing := Variant{open: func(context.Context, lock.Env) (lock.Lock, error) { return refuser{broken}, nil }}
	var out bytes.Buffer
	_, err := r.Run(t.Context(), cluster.Start, refusing, 1, &out)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "etcd-22082: acquire of k0 by c0") {
		t.Errorf("error %v", err)
	}
}

type refuser struct{ err error }

func (r refuser) Acquire(context.Context) (lock.Hold, error) { return lock.Hold{}, r.err }
func (refuser) Close() error                                 { return nil }

// A panic that is none of a scene's own failures is not swallowed.
func TestPanicInAScriptIsNoFailure(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
	}()
	r := etcd22082()
	r.play = func(*scene) { panic("a slip in the script") }
	_, _ = r.Run(t.Context(), cluster.Start, r.Flawed, 1, &bytes.Buffer{})
}

func TestOneRequestIsLate(t *testing.T) {
	w := &wire{}
	d := w.delayRequest(deletes)
	reached := make(chan any, 3)
	invoke := func(ctx context.Context, _ string, request, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		reached <- request
		return ctx.Err()
	}
	send := func(request any) error {
		return w.unary(t.Context(), "", request, &pb.DeleteRangeResponse{}, nil, invoke)
	}
	other, first, second := &pb.PutRequest{}, &pb.DeleteRangeRequest{Key: []byte("1")}, &pb.DeleteRangeRequest{Key: []byte("2")}
	done := make(chan error)
	go func() { done <- send(first) }()
	<-d.arrived
	for _, request := range []any{other, second} { // pass it
		if err := send(request); err != nil || <-reached != request {
			t.Fatalf("%T did not pass: %v", request, err)
		}
	}
	close(d.over)
	if err := <-done; err != nil || <-reached != any(first) {
		t.Errorf("the late request did not arrive: %v", err)
	}
}

func TestLateReplyEndsWithItsContext(t *testing.T) {
	w := &wire{}
	d := w.delayReply(isTxn)
	ctx, cancel := context.WithCancel(t.Context())
	invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	done := make(chan error)
	go func() { done <- w.unary(ctx, "", &pb.TxnRequest{}, &pb.TxnResponse{}, nil, invoke) }()
	<-d.arrived
	cancel()
	if err := <-done; err == nil {
		t.Error("the reply came all the same")
	}
	if txns, _, _ := w.counted(); txns != 0 {
		t.Errorf("%d Txns counted as answered", txns)
	}
}
