package cluster_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
)

// cycles is how often a member is cut off and given back.
const cycles = 100

func TestHundredPartitionsLoseNoAcknowledgedWrite(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("it takes a minute: make test does it without the race detector")
	}
	for _, members := range []int{3, 5} {
		t.Run(fmt.Sprintf("%d members", members), func(t *testing.T) {
			ownTemp(t)
			before := look(t)
			c, err := cluster.Start(within(t, patience), cluster.Config{Members: members})
			if err != nil {
				t.Fatal(err)
			}
			w := startWriters(t, c)
			for cycle := range cycles {
				w.partition(t, c, cycle%members)
			}
			w.stop()
			w.wantAll(t, c)
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			clean(t, before)
		})
	}
}

// writers put keys of their own, one after the other, each by a client of its own.
type writers struct {
	stop    func()
	last    []int64 // by writer: the number of its last key
	count   atomic.Int64
	unknown []map[int64]bool // by writer: keys whose put had no answer
}

const writing = 4

func startWriters(t *testing.T, c *cluster.Cluster) *writers {
	t.Helper()
	w := &writers{last: make([]int64, writing), unknown: make([]map[int64]bool, writing)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for i := range writing {
		etcd := client(t, c, cluster.ClientConfig{Number: i}).Etcd
		w.unknown[i] = map[int64]bool{}
		running.Go(func() { w.write(ctx, etcd, i) })
	}
	w.stop = func() { cancel(); running.Wait() }
	t.Cleanup(w.stop)
	return w
}

func (w *writers) write(ctx context.Context, etcd *clientv3.Client, i int) {
	for key := int64(1); ctx.Err() == nil; key++ {
		putting, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		_, err := etcd.Put(putting, name(i, key), "")
		cancel()
		w.last[i] = key
		if err != nil {
			w.unknown[i][key] = true
			continue
		}
		w.count.Add(1)
	}
}

func name(writer int, key int64) string { return fmt.Sprintf("w%d/%d", writer, key) }

// partition cuts a member off until the others have acknowledged more, and bytes were held back.
func (w *writers) partition(t *testing.T, c *cluster.Cluster, member int) {
	t.Helper()
	heal := isolate(c, member)
	seen := w.count.Load()
	eventually(t, "the majority to acknowledge writes that began after the cut", func() bool { return w.count.Load() > seen+writing })
	if heal() == 0 {
		t.Errorf("nothing was held back from m%d", member)
	}
	if err := c.Healthy(within(t, patience)); err != nil {
		t.Fatal(err)
	}
}

func (w *writers) wantAll(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	reader := client(t, c, cluster.ClientConfig{}).Etcd
	lost := 0
	for i := range writing {
		got, err := reader.Get(within(t, patience), fmt.Sprintf("w%d/", i), clientv3.WithPrefix(), clientv3.WithKeysOnly())
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, kv := range got.Kvs {
			there[string(kv.Key)] = true
		}
		for key := int64(1); key <= w.last[i]; key++ {
			if !there[name(i, key)] && !w.unknown[i][key] {
				lost++
			}
		}
	}
	if lost > 0 || w.count.Load() == 0 {
		t.Errorf("%d of %d acknowledged writes lost", lost, w.count.Load())
	}
	t.Logf("%d cycles, %d writes acknowledged, %d lost", cycles, w.count.Load(), lost)
}
