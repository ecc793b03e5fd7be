package cluster_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"lockquake/harness/cluster"
	"lockquake/harness/network"
)

func endpoints(t testing.TB, c *cluster.Client) []string {
	t.Helper()
	addresses, err := c.Endpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return addresses
}

// outsider is an etcd client as a process of its own would have it.
func outsider(t testing.TB, config clientv3.Config) *clientv3.Client {
	t.Helper()
	config.Logger = zap.NewNop()
	c, err := clientv3.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// viaGateway writes as a program without a library would, and gives the HTTP status.
func viaGateway(t testing.TB, address string) (status string, revision string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	put, err := http.NewRequestWithContext(within(t, patience), http.MethodPost, "http://"+address+"/v3/kv/put", strings.NewReader(`{"key":"a2V5","value":"dg=="}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(put)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Header struct{ Revision string } }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Errorf("answer: %v", err)
	}
	return response.Status, answer.Header.Revision
}

func TestEndpointsReachTheMembers(t *testing.T) {
	forEachKind(t, anyKind, func(t *testing.T, c *cluster.Cluster) {
		addresses := endpoints(t, client(t, c, cluster.ClientConfig{Number: 1}))
		if len(addresses) != 3 {
			t.Fatalf("%q for three members", addresses)
		}
		for _, address := range addresses {
			if _, err := outsider(t, clientv3.Config{Endpoints: []string{address}}).Put(within(t, patience), "key", "value"); err != nil {
				t.Errorf("put at %s: %v", address, err)
			}
			if status, revision := viaGateway(t, address); status != "200 OK" || revision == "" {
				t.Errorf("put by the gateway at %s: %s, revision %q", address, status, revision)
			}
		}
	})
}

func TestEndpointsPassTheClientsLinks(t *testing.T) {
	c := start(t, 3)
	held, free := client(t, c, cluster.ClientConfig{}), client(t, c, cluster.ClientConfig{Number: 1})
	inside := outsider(t, clientv3.Config{Endpoints: endpoints(t, held)})
	outside := outsider(t, clientv3.Config{Endpoints: endpoints(t, free)})
	if _, err := inside.Put(within(t, patience), "key", "before"); err != nil {
		t.Fatal(err)
	}
	hold := holdClient(held, 3)
	done := make(chan error, 1)
	go func() {
		_, err := inside.Put(within(t, patience), "key", "value")
		done <- err
	}()
	if _, err := outside.Put(within(t, patience), "other", "meanwhile"); err != nil {
		t.Errorf("another client's endpoints: %v", err)
	}
	eventually(t, "the put to be held", func() bool { return hold.bytes() > 0 })
	select {
	case err := <-done:
		t.Errorf("a put came through held links: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	hold.lift()
	if err := <-done; err != nil {
		t.Errorf("put after the links pass again: %v", err)
	}
}

func TestEndpointsEndWithTheirClient(t *testing.T) {
	c := start(t, 1)
	for name, end := range map[string]func(*cluster.Client) error{"close": (*cluster.Client).Close, "crash": (*cluster.Client).Crash} {
		t.Run(name, func(t *testing.T) {
			ended := client(t, c, cluster.ClientConfig{})
			address := endpoints(t, ended)[0]
			if again := endpoints(t, ended)[0]; again != address {
				t.Errorf("%s, asked again %s", address, again)
			}
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			to, _ := ended.Links(0)
			to.Impose(network.Rule{Held: true})
			if err := end(ended); err != nil {
				t.Error(err)
			}
			_ = conn.SetDeadline(time.Now().Add(patience))
			if _, err := conn.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
				t.Errorf("read from an ended client's endpoint: %v", err)
			}
			if _, err := net.Dial("tcp", address); err == nil {
				t.Error("an ended client's endpoint accepts connections")
			}
			if _, err := ended.Endpoints(context.Background()); err == nil {
				t.Error("an ended client gives endpoints")
			}
		})
	}
}

// A program that speaks plainly reaches members that want TLS; who its user is, it must say itself.
func TestEndpointsOfAnAttachedClusterWithTLS(t *testing.T) {
	s := startSecured(t)
	address := endpoints(t, attachedClient(t, attach(t, s.external(t)), cluster.ClientConfig{}))[0]
	known := outsider(t, clientv3.Config{Endpoints: []string{address}, Username: "u", Password: "p"})
	if _, err := known.Put(within(t, patience), "lockquake/test/key", "value"); err != nil {
		t.Errorf("put: %v", err)
	}
	stranger := outsider(t, clientv3.Config{Endpoints: []string{address}})
	if _, err := stranger.Put(within(t, patience), "lockquake/test/key", "value"); err == nil {
		t.Error("a put of nobody was taken")
	}
	if status, _ := viaGateway(t, address); status == "200 OK" {
		t.Errorf("a put of nobody by the gateway: %s", status)
	}
}
