package cluster_test

import (
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

// BenchmarkStart times Start and, beside it in the same run, the plain way: embed, TCP listeners,
// etcd's default ticks, all members started at once. Both end with a linearizable read through every
// member. x-of-plain is the ratio of the two times.
func BenchmarkStart(b *testing.B) {
	for _, members := range []int{1, 3, 5} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			var ours, plain time.Duration
			for b.Loop() {
				ours += timeStart(b, members)
				plain += timePlainStart(b, members)
			}
			b.ReportMetric(0, "ns/op") // both, and their Close: not shown
			b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms/start")
			b.ReportMetric(float64(plain.Milliseconds())/float64(b.N), "ms/plain")
			b.ReportMetric(float64(ours)/float64(plain), "x-of-plain")
		})
	}
}

func timeStart(b *testing.B, members int) time.Duration {
	b.Helper()
	began := time.Now()
	c, err := cluster.Start(b.Context(), cluster.Config{Members: members, Dir: b.TempDir()})
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
