package virtual

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/config"
	"go.etcd.io/etcd/server/v3/etcdserver"

	"lockquake/harness/cluster"
)

// askTime bounds a question to a peer.
const askTime = time.Second

// questions are what a server that joins asks peers before it can be given another way to them.
func questions() []string { return []string{"/members", "/version", "/downgrade/enabled"} }

// answer is what a peer said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// join makes a server of a cluster that is there. What it will ask its peers over the real network is asked for
// beforehand in virtual time, over the links; then, while the clock stands still, it is answered in their place.
// Those who did not answer are not there for it either.
func join(cfg config.ServerConfig, dial dialer) (*etcdserver.EtcdServer, error) {
	var standIns []*http.Server
	var serving sync.WaitGroup
	defer serving.Wait()
	defer func() {
		for _, s := range standIns {
			_ = s.Close()
		}
	}()
	for host, answers := range ask(peersOf(cfg), dial) {
		l, err := net.Listen("tcp", host) //nolint:noctx // it returns at once
		if err != nil {
			return nil, err
		}
		s := standIn(answers)
		standIns = append(standIns, s)
		serving.Go(func() { _ = s.Serve(l) })
	}
	return etcdserver.NewServer(cfg)
}

// peersOf are the hosts of the others.
func peersOf(cfg config.ServerConfig) (hosts []string) {
	for name, urls := range cfg.InitialPeerURLsMap {
		if name != cfg.Name {
			hosts = append(hosts, hostOf(urls))
		}
	}
	return hosts
}

func hostOf(urls types.URLs) string { return urls[0].Host }

// ask asks all at once, and gives what those said that answered everything, by host.
func ask(hosts []string, dial dialer) map[string]map[string]answer {
	client := &http.Client{Timeout: askTime, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, address string) (net.Conn, error) { return dial(ctx, address) },
	}}
	said := make([]map[string]answer, len(hosts))
	var asking sync.WaitGroup
	for i, host := range hosts {
		asking.Go(func() {
			if answers, err := askOne(client, host); err == nil {
				said[i] = answers
			}
		})
	}
	asking.Wait()
	all := map[string]map[string]answer{}
	for i, host := range hosts {
		if said[i] != nil {
			all[host] = said[i]
		}
	}
	return all
}

func askOne(client *http.Client, host string) (map[string]answer, error) {
	answers := map[string]answer{}
	for _, question := range questions() {
		response, err := client.Get("http://" + host + question) //nolint:noctx // the client has a timeout
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return nil, err
		}
		answers[question] = answer{response.StatusCode, response.Header, body}
	}
	return answers, nil
}

// standIn repeats what a peer said, and keeps no connection: one that is idle would stop the clock.
func standIn(answers map[string]answer) *http.Server {
	s := &http.Server{ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: askTime}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, known := answers[r.URL.Path]
		if !known {
			http.NotFound(w, r)
			return
		}
		for name, values := range a.header {
			w.Header()[name] = values
		}
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	})
	s.SetKeepAlivesEnabled(false)
	return s
}

// newServer makes a server that was not started, which joins a cluster or not.
func newServer(cfg config.ServerConfig, tenant cluster.Tenant) (*etcdserver.EtcdServer, error) {
	if !cfg.NewCluster && cfg.InitialPeerURLsMap != nil {
		return join(cfg, tenant.Dial)
	}
	return etcdserver.NewServer(cfg)
}
