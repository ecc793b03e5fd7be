package cluster_test

import (
	"maps"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/cluster"
)

// Two clients share a count; a third one is not counted.
func TestTrafficCountsWhatItsClientsAskAndAreTold(t *testing.T) {
	var traffic cluster.Traffic
	c := start(t, 1)
	counting := cluster.ClientConfig{DialOptions: traffic.DialOptions()}
	one, two, other := client(t, c, counting), client(t, c, counting), client(t, c, cluster.ClientConfig{})
	ctx := within(t, patience)
	put(t, one, "before", "")
	before := traffic.Counts()
	watch := one.Etcd.Watch(ctx, "key", clientv3.WithCreatedNotify())
	<-watch
	put(t, two, "key", "1")
	put(t, other, "key", "2")
	for seen := 0; seen < 2; {
		seen += len((<-watch).Events)
	}
	for _, options := range [][]clientv3.OpOption{{}, {clientv3.WithSerializable()}, {clientv3.WithSerializable()}} {
		if _, err := two.Etcd.Get(ctx, "key", options...); err != nil {
			t.Fatal(err)
		}
	}
	lease := grant(t, one, 60)
	if _, err := one.Etcd.KeepAliveOnce(ctx, lease); err != nil {
		t.Fatal(err)
	}
	got := traffic.Counts().Since(before)
	want := map[string]int64{"Put": 1, "Range": 1, "Range (serializable)": 2, "LeaseGrant": 1, "LeaseKeepAlive": 1}
	if got.Watches != 1 || got.Events != 2 || !maps.Equal(got.Requests, want) {
		t.Errorf("counted %+v, want 1 watch, 2 events and %v", got, want)
	}
}
