package cli

import (
	"strings"
	"time"

	"lockquake/harness"
	"lockquake/harness/scenario"
)

// proof is a fault, or calm, with the broken locks that it must bring to light.
type proof struct {
	fault   string
	every   time.Duration     // from one injection to the next; 0: the next comes when clients have recovered
	under   scenario.Settings // what is not as usual
	catches []catch
}

// catch is a broken lock with the checker that must catch it.
type catch struct{ strategy, checker string }

// proofs are what selftest carries out. Cells of one fault must not differ in anything else: they are told
// apart by its name.
func proofs() []proof {
	millis := func(from, to int) scenario.Range {
		return scenario.Range{From: time.Duration(from) * time.Millisecond, To: time.Duration(to) * time.Millisecond}
	}
	return []proof{
		// Where waiters must wait in vain nothing else may help them: a TTL that outlasts what a busy machine does to renewals.
		{"lose-acquire-reply", 0, scenario.Settings{TTL: 2 * time.Second}, []catch{{"leak-on-cancel", "progress"}}},
		// Few clients and short holds, so that a key is often deleted just after a waiter has looked.
		{harness.Calm, 0, scenario.Settings{TTL: 2 * time.Second, Clients: 3, Hold: millis(0, 40)}, []catch{
			{"watch-gap", "progress"}, {"none", "exclusion"}, {"get-then-put", "exclusion"}, {"shared-client-id", "exclusion"},
			{"double-grant", "grant"}, {"delete-by-name", "release"},
		}},
		{"overstay-holder", 0, scenario.Settings{}, []catch{
			{"no-keepalive", "exclusion"}, {"local-lease", "exclusion"}, {"steal-by-age", "lease-bounded"},
		}},
		// Who is struck has waited for a moment, and others must be behind it by then: many clients, and short holds.
		{"revoke-waiter", 400 * time.Millisecond, scenario.Settings{Clients: 8, Hold: millis(5, 15)}, []catch{
			{"mutex-norecheck", "grant"}, {"predecessor-gone", "grant"},
		}},
		{"isolate-waiter", 0, scenario.Settings{}, []catch{{"optimistic-owner", "exclusion"}}},
		{"lose-release-reply", 0, scenario.Settings{Hold: millis(100, 200)}, []catch{{"retried-release", "release"}}},
		{"pause-holder", 0, scenario.Settings{Hold: millis(50, 150)}, []catch{{"tutorial", "release"}, {"unfenced-token", "fencing"}}},
	}
}

// spared are sound strategies, which must not be accused under the same faults.
func spared() []string {
	return []string{"tutorial-guarded", "mutex", "mutex+fence", "semaphore", "fastqueue"}
}

// selftestTable says what is broken about each lock, and by which checker and fault it is caught.
func (c Catalogue) selftestTable() table {
	t := table{head: []string{"broken lock", "its slip", "fault", "caught by"}}
	for _, p := range proofs() {
		for _, it := range p.catches {
			t.rows = append(t.rows, []string{it.strategy, c.slip(it.strategy), p.fault, it.checker})
		}
	}
	return t
}

// slip is what is wrong with a lock, or what the lock is.
func (c Catalogue) slip(strategy string) string {
	for _, e := range c.Strategies {
		if e.Name == strategy {
			return strings.TrimPrefix(e.Doc, onPurpose)
		}
	}
	return ""
}
