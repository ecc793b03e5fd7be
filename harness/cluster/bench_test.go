package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"lockquake/harness/cluster"
)

// BenchmarkStart times Start, with members in this process and in processes of their own, and, beside
// it in the same run, the plain way: embed, TCP listeners, etcd's default ticks, all members started at
// once. All end with a linearizable read through every member. x-of-plain and x-of-embed are ratios of
// the times.
func BenchmarkStart(b *testing.B) {
	for _, members := range []int{1, 3, 5} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			var ours, own, plain time.Duration
			for b.Loop() {
				ours += timeStart(b, cluster.Config{Members: members})
				own += timeStart(b, cluster.Config{Members: members, Process: true})
				plain += timePlainStart(b, members)
			}
			b.ReportMetric(0, "ns/op") // all, and their Close: not shown
			b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms/start")
			b.ReportMetric(float64(own.Milliseconds())/float64(b.N), "ms/process")
			b.ReportMetric(float64(plain.Milliseconds())/float64(b.N), "ms/plain")
			b.ReportMetric(float64(ours)/float64(plain), "x-of-plain")
			b.ReportMetric(float64(own)/float64(ours), "x-of-embed")
		})
	}
}

// BenchmarkNewLeader times how long it takes from the loss of a leader until another one says that it
// leads, as Believes shows it.
func BenchmarkNewLeader(b *testing.B) {
	for _, bench := range []struct {
		name      string
		config    cluster.Config
		lose, get func(*cluster.Cluster, int) error
	}{
		{"killed/embed", cluster.Config{}, (*cluster.Cluster).Kill, restartOne},
		{"killed/process", cluster.Config{Process: true}, (*cluster.Cluster).Kill, restartOne},
		{"paused/process", cluster.Config{Process: true}, (*cluster.Cluster).PauseMember, (*cluster.Cluster).ResumeMember},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := startAs(b, bench.config)
			var lost time.Duration
			for b.Loop() {
				old, _ := leader(b, c)
				began := time.Now()
				if err := bench.lose(c, old); err != nil {
					b.Fatal(err)
				}
				eventually(b, "another leader", func() bool { now, _ := leader(b, c); return now != old })
				lost += time.Since(began)
				if err := errors.Join(bench.get(c, old), c.Healthy(within(b, patience))); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(0, "ns/op") // the way back, too: not shown
			b.ReportMetric(float64(lost.Milliseconds())/float64(b.N), "ms/leader")
		})
	}
}

func restartOne(c *cluster.Cluster, member int) error {
	return c.Restart(context.Background(), member)
}

// BenchmarkBelieves times the question that faults ask in their loops, of all three members.
func BenchmarkBelieves(b *testing.B) {
	for name, config := range map[string]cluster.Config{"embed": {}, "process": {Process: true}} {
		b.Run(name, func(b *testing.B) {
			c := startAs(b, config)
			for b.Loop() {
				for i := range 3 {
					c.Believes(i)
				}
			}
		})
	}
}

func timeStart(b *testing.B, config cluster.Config) time.Duration {
	b.Helper()
	config.Dir = b.TempDir()
	began := time.Now()
	c, err := cluster.Start(b.Context(), config)
	took := time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}

func timePlainStart(b *testing.B, members int) time.Duration {
	b.Helper()
	configs := plainConfigs(b, members)
	began := time.Now()
	all := make([]*embed.Etcd, members)
	each(members, func(i int) {
		var err error
		if all[i], err = embed.StartEtcd(configs[i]); err != nil {
			b.Error(err)
			return
		}
		readPlain(b, configs[i].ListenClientUrls[0].Host)
	})
	took := time.Since(began)
	each(members, func(i int) {
		if all[i] != nil {
			all[i].Close()
		}
	})
	return took
}

// each calls f for all members at once, and waits.
func each(members int, f func(i int)) {
	var all sync.WaitGroup
	for i := range members {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func readPlain(b *testing.B, host string) {
	etcd, err := clientv3.New(clientv3.Config{Endpoints: []string{host}, Logger: zap.NewNop()})
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = etcd.Close() }()
	if _, err := etcd.Get(b.Context(), "key"); err != nil {
		b.Errorf("read from %s: %v", host, err)
	}
}

func plainConfigs(b *testing.B, members int) []*embed.Config {
	peers, clients := freePorts(b, members), freePorts(b, members)
	var cluster []string
	for i, peer := range peers {
		cluster = append(cluster, fmt.Sprintf("p%d=%s", i, peer.String()))
	}
	configs := make([]*embed.Config, members)
	for i := range configs {
		config := embed.NewConfig()
		config.Name = fmt.Sprintf("p%d", i)
		config.Dir = filepath.Join(b.TempDir(), config.Name)
		config.ListenPeerUrls, config.AdvertisePeerUrls = peers[i:i+1], peers[i:i+1]
		config.ListenClientUrls, config.AdvertiseClientUrls = clients[i:i+1], clients[i:i+1]
		config.InitialCluster = strings.Join(cluster, ",")
		config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
		configs[i] = config
	}
	return configs
}

// freePorts may lose them again to another process before they are used: that is the plain way.
func freePorts(b *testing.B, n int) []url.URL {
	b.Helper()
	urls := make([]url.URL, n)
	for i := range urls {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		urls[i] = url.URL{Scheme: "http", Host: listener.Addr().String()}
	}
	return urls
}
