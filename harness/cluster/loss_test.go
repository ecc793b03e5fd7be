package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

// any request of a kind.
func every[Request any](request any) bool {
	_, yes := request.(Request)
	return yes
}

// tries counts requests, each try by itself.
type tries struct{ atomic.Int64 }

func (n *tries) option() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, reply any,
		conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		n.Add(1)
		return invoke(ctx, method, request, reply, conn, options...)
	})
}

func createIfAbsent(t testing.TB, c *cluster.Client, key string) error {
	t.Helper()
	absent := clientv3.Compare(clientv3.CreateRevision(key), "=", 0)
	_, err := c.Etcd.Txn(within(t, patience)).If(absent).Then(clientv3.OpPut(key, "value")).Commit()
	return err
}

// wantReset checks for the error of a broken connection.
func wantReset(t testing.TB, err error) {
	t.Helper()
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "error reading from server: ") {
		t.Errorf("error %v, want that of a broken connection", err)
	}
}

func wantLost(t testing.TB, stop func() string, want string) {
	t.Helper()
	if got := stop(); !strings.HasPrefix(got, want) || want == "" && got != "" {
		t.Errorf("lost %q, want %q", got, want)
	}
}

func revision(t testing.TB, c *cluster.Client) int64 {
	t.Helper()
	got, err := c.Etcd.Get(within(t, patience), "key")
	if err != nil {
		t.Fatal(err)
	}
	return got.Header.Revision
}

// A writing request whose reply is lost has taken effect, and nobody but the caller may try it again.
func TestReplyOfAWriteIsLostOnce(t *testing.T) {
	var seen tries
	c := client(t, start(t, 1), cluster.ClientConfig{DialOptions: []grpc.DialOption{seen.option()}})
	for _, write := range []struct {
		match func(any) bool
		lost  string
		do    func() error
	}{
		{every[*etcdserverpb.TxnRequest], "the reply of a Txn that wrote at revision %d",
			func() error { return createIfAbsent(t, c, "a") }},
		{every[*etcdserverpb.DeleteRangeRequest], "the reply of a DeleteRange that deleted 1 at revision %d",
			func() error { _, err := c.Etcd.Delete(within(t, patience), "a"); return err }},
		{every[*etcdserverpb.PutRequest], "the reply of a Put at revision %d",
			func() error { _, err := c.Etcd.Put(within(t, patience), "b", "value"); return err }},
	} {
		before := seen.Load()
		stop := c.LoseReply(write.match)
		wantReset(t, write.do())
		if n := seen.Load() - before; n != 1 {
			t.Errorf("%s: tried %d times", write.lost, n)
		}
		want := fmt.Sprintf(write.lost, revision(t, c))
		if err := write.do(); err != nil {
			t.Errorf("%s: the next: %v", write.lost, err)
		}
		wantLost(t, stop, want)
	}
}

// A write that changes nothing is answered: it is the next one's reply that does harm.
func TestReplyOfAWriteThatChangesNothingIsNotLost(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	put(t, c, "taken", "")
	put(t, c, "there", "")
	for name, write := range map[string]struct {
		match func(any) bool
		do    func(key string) error
		vain  string
		want  string
	}{
		"Txn": {every[*etcdserverpb.TxnRequest], func(key string) error { return createIfAbsent(t, c, key) }, "taken", "free"},
		"Delete": {every[*etcdserverpb.DeleteRangeRequest],
			func(key string) error { _, err := c.Etcd.Delete(within(t, patience), key); return err }, "nowhere", "there"},
	} {
		stop := c.LoseReply(write.match)
		if err := write.do(write.vain); err != nil {
			t.Errorf("%s in vain: %v", name, err)
		}
		wantReset(t, write.do(write.want))
		if stop() == "" {
			t.Errorf("%s: nothing was lost", name)
		}
	}
}

// clientv3 tries a read again, as it would after a connection broke: its caller notices nothing.
func TestReplyOfAReadIsLostUnnoticed(t *testing.T) {
	var seen tries
	c := client(t, start(t, 1), cluster.ClientConfig{DialOptions: []grpc.DialOption{seen.option()}})
	stop := c.LoseReply(every[*etcdserverpb.RangeRequest])
	if _, err := c.Etcd.Get(within(t, patience), "key"); err != nil {
		t.Error(err)
	}
	if n := seen.Load(); n != 2 {
		t.Errorf("tried %d times, want 2", n)
	}
	wantLost(t, stop, "the reply of a Range at revision 1")
}

// The losses above pretend what this does: the connection is reset while an answer is on its way.
func TestLostReplyLooksLikeAReset(t *testing.T) {
	shaken := start(t, 1)
	var seen tries
	c := client(t, shaken, cluster.ClientConfig{DialOptions: []grpc.DialOption{seen.option()}})
	_, from := c.Links(0)
	resetUnder := func(request func() error) (tried int64, err error) {
		revision(t, c) // it is connected, so what is held is an answer
		before := seen.Load()
		held := from.Impose(network.Rule{Held: true})
		done := make(chan error, 1)
		go func() { done <- request() }()
		eventually(t, "an answer to be held", func() bool { return held.Toll().Held > 0 })
		reset := from.Impose(network.Rule{Refused: true})
		held.Lift()
		if reset.Lift().Resets == 0 {
			t.Error("nothing was reset")
		}
		err = <-done
		return seen.Load() - before, err
	}
	tried, err := resetUnder(func() error { _, err := c.Etcd.Put(within(t, patience), "key", "value"); return err })
	if wantReset(t, err); tried != 1 {
		t.Errorf("a put was tried %d times", tried)
	}
	tried, err = resetUnder(func() error { _, err := c.Etcd.Get(within(t, patience), "key"); return err })
	if err != nil || tried != 2 {
		t.Errorf("a read was tried %d times: %v", tried, err)
	}
}

// What etcd refuses had no reply to lose, and what does not match keeps its own.
func TestReplyToLoseIsWaitedFor(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	stop := c.LoseReply(every[*etcdserverpb.PutRequest])
	put := func(options ...clientv3.OpOption) error {
		_, err := c.Etcd.Put(within(t, patience), "key", "value", options...)
		return err
	}
	if err := put(clientv3.WithLease(4711)); !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		t.Errorf("put under a lease that is not there: %v", err)
	}
	if err := createIfAbsent(t, c, "other"); err != nil {
		t.Errorf("a Txn while the reply of a Put is to be lost: %v", err)
	}
	wantReset(t, put())
	wantLost(t, stop, "the reply of a Put at revision 3")
}

// puts matches every put, and tells of it.
func puts() (match func(any) bool, asked <-chan struct{}) {
	told := make(chan struct{}, 100)
	return func(request any) bool {
		yes := every[*etcdserverpb.PutRequest](request)
		if yes {
			told <- struct{}{}
		}
		return yes
	}, told
}

func TestReplyIsNotLostAfterStop(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	wantLost(t, c.LoseReply(every[*etcdserverpb.PutRequest]), "")
	put(t, c, "key", "value")
}

func TestReplyUnderWayIsNotLostAfterStop(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	_, from := c.Links(0)
	held := from.Impose(network.Rule{Held: true})
	match, asked := puts()
	stop := c.LoseReply(match)
	done := putInBackground(t, c)
	<-asked
	wantLost(t, stop, "")
	held.Lift()
	if err := <-done; err != nil {
		t.Errorf("put: %v", err)
	}
}

// Of two losses that want the same reply, the other waits for the next.
func TestTwoLossesTakeTwoReplies(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	one, two := c.LoseReply(every[*etcdserverpb.PutRequest]), c.LoseReply(every[*etcdserverpb.PutRequest])
	for range 2 {
		_, err := c.Etcd.Put(within(t, patience), "key", "value")
		wantReset(t, err)
	}
	put(t, c, "key", "value")
	wantLost(t, one, "the reply of a Put at revision 2")
	wantLost(t, two, "the reply of a Put at revision 3")
}

// Of many requests under way at once, one loses its reply.
func TestOneReplyOfManyIsLost(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	stop := c.LoseReply(every[*etcdserverpb.PutRequest])
	const requests = 20
	errs := make(chan error, requests)
	for range requests {
		go func() {
			_, err := c.Etcd.Put(within(t, patience), "key", "value")
			errs <- err
		}()
	}
	failed := 0
	for range requests {
		if err := <-errs; err != nil {
			wantReset(t, err)
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d of %d requests lost their replies, want 1", failed, requests)
	}
	wantLost(t, stop, "the reply of a Put at revision ")
}

func TestLostRequestHangsUntil(t *testing.T) {
	for until, end := range map[string]struct {
		do   func(c *cluster.Client, giveUp func(), stop func() int)
		want string
	}{
		"its context ends": {func(_ *cluster.Client, giveUp func(), _ func() int) { giveUp() }, "context canceled"},
		"the loss stops":   {func(_ *cluster.Client, _ func(), stop func() int) { stop() }, "connection reset by peer"},
		"its client ends":  {func(c *cluster.Client, _ func(), _ func() int) { _ = c.Close() }, "connection reset by peer"},
		"it crashes":       {func(c *cluster.Client, _ func(), _ func() int) { _ = c.Crash() }, "connection reset by peer"},
	} {
		t.Run(until, func(t *testing.T) {
			shaken := start(t, 1)
			c, other := client(t, shaken, cluster.ClientConfig{}), client(t, shaken, cluster.ClientConfig{})
			match, asked := puts()
			stop := c.LoseRequests(match)
			ctx, giveUp := context.WithCancel(within(t, patience))
			done := make(chan error, 1)
			go func() {
				_, err := c.Etcd.Put(ctx, "key", "value")
				done <- err
			}()
			<-asked
			if at := revision(t, other); at != 1 {
				t.Errorf("a lost request took effect at revision %d", at)
			}
			end.do(c, giveUp, stop)
			if err := <-done; err == nil || !strings.Contains(err.Error(), end.want) {
				t.Errorf("error %v, want %q", err, end.want)
			}
			giveUp()
			if n := stop(); n != 1 {
				t.Errorf("lost %d requests, want 1", n)
			}
		})
	}
}

// While a client's requests of one kind are lost, the others arrive, and so do all after it.
func TestOnlyRequestsThatMatchAreLost(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	stop := c.LoseRequests(every[*etcdserverpb.DeleteRangeRequest])
	put(t, c, "key", "value")
	if _, err := c.Etcd.Delete(within(t, 20*time.Millisecond), "key"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("delete while deletes are lost: %v", err)
	}
	if n := stop(); n != 1 {
		t.Errorf("lost %d requests, want 1", n)
	}
	gone, err := c.Etcd.Delete(within(t, patience), "key")
	if err != nil || gone.Deleted != 1 {
		t.Errorf("delete after it: %v, %v", gone, err)
	}
}
