package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/workloads"
	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
)

// etcd-11456: of two locks, the one that does not look at its own key again is granted out of turn.
func TestGrantFindsTheWaiterThatLostItsLease(t *testing.T) {
	for _, c := range []struct {
		name     string
		open     lock.Strategy
		validity checker.Validity
		culprit  string
		why      []string
	}{
		{"mutex", locks.Mutex, checker.Valid, "", []string{"each when its key was the oldest"}},
		{"mutex-norecheck", locks.MutexNoRecheck, checker.Invalid, "strategy", []string{
			"went with its lease (revision ", ", by revoke-waiter), while the older lockquake/locks/k0/", "was there: the strategy did not look again",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := checker.Grant{}.Check(struckWaiters(t, c.name, c.open))
			if v.Validity != c.validity || v.Culprit != c.culprit {
				t.Errorf("%v by %q: %s", v.Validity, v.Culprit, v.Why)
			}
			for _, text := range c.why {
				if !strings.Contains(v.Why, text) {
					t.Errorf("%s: %q is missing", v.Why, text)
				}
			}
		})
	}
}

// struckWaiters is the history of a lock whose waiters lose their leases, on a real cluster.
func struckWaiters(t *testing.T, name string, open lock.Strategy) history.History {
	t.Helper()
	settings := harness.Settings{
		Members: 1, Clients: 4, Keys: 1, TTL: 5 * time.Second, Hold: scenario.Range{From: 15 * time.Millisecond, To: 45 * time.Millisecond},
		Warmup: 200 * time.Millisecond, Duration: 600 * time.Millisecond, Resource: scenario.InMemory, Loss: scenario.Heeded, Repeats: 1,
	}
	recipe := alone(entry(t, Builtin().Faults, "revoke-waiter"))
	plan := harness.Draw(7, []harness.Trial{{Scenario: recipe, Settings: settings, Subjects: []harness.Subject{{Name: name}}}})
	var out bytes.Buffer
	parts := harness.Parts{
		Strategy: open, Workload: workloads.Builtin()[0].Kind, Faults: map[string]nemesis.Fault{recipe.Name: recipe.Rules[0].Aim.Fault}, Kind: harness.Embedded(), Place: harness.Place{Members: 1, Dir: t.TempDir(), Prefix: "lockquake/"},
	}
	if err := harness.Run(t.Context(), plan.Cells[0], parts, &out); err != nil {
		t.Fatal(err)
	}
	h, err := history.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	if struck := h.Injections(); len(struck) == 0 || !struck[0].Observed() {
		t.Fatalf("nobody was struck: %+v", struck)
	}
	return h
}

func entry[T any](t testing.TB, entries []Entry[T], name string) Entry[T] {
	t.Helper()
	found, err := pick("name", name, entries, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}
