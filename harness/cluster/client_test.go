package cluster_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

// hold is a hold on a client's links.
type hold []*network.Imposed

// holdClient holds all of a client's links, both directions.
func holdClient(c *cluster.Client, members int) hold {
	var h hold
	for i := range members {
		to, from := c.Links(i)
		h = append(h, to.Impose(network.Rule{Held: true}), from.Impose(network.Rule{Held: true}))
	}
	return h
}

// bytes are those that had to wait so far.
func (h hold) bytes() (held int64) {
	for _, imposed := range h {
		held += imposed.Toll().Held
	}
	return held
}

func (h hold) lift() (held int64) {
	for _, imposed := range h {
		held += imposed.Lift().Held
	}
	return held
}

// putInBackground puts a key and tells when that has returned.
func putInBackground(t testing.TB, c *cluster.Client) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := c.Etcd.Put(within(t, patience), "key", "value")
		done <- err
	}()
	return done
}

func TestHeldClientWaits(t *testing.T) {
	cluster3 := start(t, 3)
	held, free := client(t, cluster3, cluster.ClientConfig{}), client(t, cluster3, cluster.ClientConfig{Number: 1})
	put(t, held, "key", "before")
	hold := holdClient(held, 3)
	done := putInBackground(t, held)
	put(t, free, "other", "meanwhile")
	select {
	case err := <-done:
		t.Fatalf("a put came through held links: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if hold.lift() == 0 {
		t.Error("no bytes were held back")
	}
	if err := <-done; err != nil {
		t.Errorf("put after the links pass again: %v", err)
	}
}

// Held answers make an outcome unknown: the client gives up on what has taken effect.
func TestRequestWhoseAnswerIsHeldTakesEffect(t *testing.T) {
	c := start(t, 1)
	held, free := client(t, c, cluster.ClientConfig{}), client(t, c, cluster.ClientConfig{Number: 1})
	_, from := held.Links(0)
	from.Impose(network.Rule{Held: true})
	ctx, giveUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := held.Etcd.Put(ctx, "key", "value")
		done <- err
	}()
	eventually(t, "the put to take effect", func() bool {
		got, err := free.Etcd.Get(within(t, patience), "key")
		return err == nil && len(got.Kvs) == 1
	})
	giveUp()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("put whose answer is held: %v", err)
	}
}

func TestHoldingOneMemberLeavesTheOthers(t *testing.T) {
	c := start(t, 3)
	held := client(t, c, cluster.ClientConfig{})
	to, _ := held.Links(2)
	hold := to.Impose(network.Rule{Held: true})
	served := false
	eventually(t, "a request to hang at m2 and another to be served", func() bool {
		_, err := held.Etcd.Get(within(t, 100*time.Millisecond), "key")
		served = served || err == nil
		return served && hold.Toll().Held > 0
	})
}

// With links held and members killed, a client's Close does not wait for anyone.
func TestCloseOfAHeldClient(t *testing.T) {
	c := start(t, 3)
	held := client(t, c, cluster.ClientConfig{})
	put(t, held, "key", "before")
	held.Etcd.Watch(t.Context(), "key")
	hold := holdClient(held, 3)
	done := putInBackground(t, held)
	eventually(t, "a request to be held", func() bool { return hold.bytes() > 0 })
	if err := held.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("a put came through held links")
	}
	if err := held.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestLinksToAMemberOfLater(t *testing.T) {
	c := client(t, start(t, 1), cluster.ClientConfig{})
	to, from := c.Links(4)
	hold := to.Impose(network.Rule{Held: true})
	put(t, c, "key", "value")
	if again, back := c.Links(4); again != to || back != from || hold.Toll().Held != 0 {
		t.Error("the links to a member that the client does not know are not its own, or carry something")
	}
}

func TestClientOfACancelledContext(t *testing.T) {
	c := start(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Client(ctx, cluster.ClientConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("client of a cancelled context: %v", err)
	}
}

func TestInterceptorsOfTheCallerSeeEachTry(t *testing.T) {
	c := start(t, 1)
	var mu sync.Mutex
	methods := map[string]int{}
	count := func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn,
		invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		mu.Lock()
		methods[method]++
		mu.Unlock()
		return invoke(ctx, method, request, reply, conn, options...)
	}
	counted := client(t, c, cluster.ClientConfig{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(count)}})
	put(t, counted, "key", "value")
	mu.Lock()
	defer mu.Unlock()
	if methods["/etcdserverpb.KV/Put"] != 1 {
		t.Errorf("seen %v, want one Put", methods)
	}
}

// A watch that goes on does not keep its member from being killed, and sees what happens afterwards.
func TestWatchOutlivesItsMember(t *testing.T) {
	c := start(t, 3)
	watcher := client(t, c, cluster.ClientConfig{})
	events := watcher.Etcd.Watch(within(t, patience), "key", clientv3.WithCreatedNotify())
	<-events
	for i := range 3 {
		if err := c.Kill(i); err != nil {
			t.Fatal(err)
		}
		if err := c.Restart(within(t, patience), i); err != nil {
			t.Fatal(err)
		}
	}
	put(t, client(t, c, cluster.ClientConfig{Number: 1}), "key", "value")
	for seen := range events {
		if len(seen.Events) > 0 {
			return
		}
	}
	t.Error("the watch ended without the put")
}
