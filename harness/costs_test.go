package harness

import (
	"io"
	"maps"
	"testing"
	"time"

	"lockquake/harness/scenario"
	"lockquake/results"
	"lockquake/workloads"
	"lockquake/workloads/locks"
)

// Nobody waits for a mutex that one client has for itself: each acquisition is a Txn and a delete, both of which
// change something. They are counted while the floor is measured, too.
func TestCostsAreCountedWithoutThoseOfTheFloor(t *testing.T) {
	s := Usual()
	s.Clients, s.Hold, s.Warmup, s.Duration = 1, scenario.Range{}, 50*time.Millisecond, 200*time.Millisecond
	var costs results.Costs
	err := Run(t.Context(), Draw(1, []Trial{{Settings: s, Subjects: subjects[:1], Together: true}}).Cells[0], Parts{
		Strategy: locks.Mutex, Workload: workloads.Kind{New: func(workloads.Resource) workloads.Workload { return workloads.Handoff{} }},
		Kind: Embedded(), Place: Place{Members: s.Members, Prefix: "lockquake/"},
		Costs: func(c results.Costs) error { costs = c; return nil },
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	delete(costs.Requests, "LeaseKeepAlive")
	n := costs.Acquired
	if want := map[string]int64{"Txn": n, "DeleteRange": n}; n == 0 || !maps.Equal(costs.Requests, want) || costs.Watches+costs.Events != 0 {
		t.Errorf("%d acquisitions cost %v, %d watches and %d events", n, costs.Requests, costs.Watches, costs.Events)
	}
	const own = 3 // of etcd's own proposals, such as the cluster's version
	if costs.Proposals == -1 {
		t.Log("the leader changed on a busy machine: proposals are not known")
	} else if costs.Proposals < 2*n || costs.Proposals > 2*n+own {
		t.Errorf("%d acquisitions cost %d proposals, want two each", n, costs.Proposals)
	}
	if costs.Floor.Count == 0 || costs.Put.Count < costs.Floor.Count {
		t.Errorf("the floor was measured %d times, a put %d times", costs.Floor.Count, costs.Put.Count)
	}
}
