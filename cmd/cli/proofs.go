package cli

import (
	"cmp"
	"fmt"
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
		{"lose-acquire-reply", 0, scenario.Settings{}, []catch{{"leak-on-cancel", "progress"}}},
		// Few clients and short holds, so that a key is often deleted just after a waiter has looked.
		{harness.Calm, 0, scenario.Settings{Clients: 3, Hold: millis(0, 40)}, []catch{
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
		// Long holds, so that who has lost the lock goes on until the next one is in the midst of its own.
		{"revoke-holder", 400 * time.Millisecond, scenario.Settings{Hold: millis(150, 250)}, []catch{{"tutorial", "release"}}},
		{"pause-holder", 0, scenario.Settings{}, []catch{{"unfenced-token", "fencing"}}},
	}
}

// spared are sound strategies, which must not be accused under the same faults.
func spared() []string {
	return []string{"tutorial-guarded", "mutex", "mutex+fence", "semaphore", "fastqueue"}
}

// selftestTable says what is broken about each lock, and by which checker and fault it is caught.
func (c Catalogue) selftestTable() table {
	t := table{head: []string{"broken lock", "its slip", "fault", "settings", "caught by"}}
	for _, p := range proofs() {
		for _, it := range p.catches {
			t.rows = append(t.rows, []string{it.strategy, c.slip(it.strategy), p.fault, p.settings(), it.checker})
		}
	}
	return t
}

// settings are those that are not as usual, as run's flags have them.
func (p proof) settings() string {
	var all []string
	if p.under.Clients != 0 {
		all = append(all, fmt.Sprintf("clients %d", p.under.Clients))
	}
	if p.under.Hold != (scenario.Range{}) {
		all = append(all, fmt.Sprintf("hold %v", p.under.Hold))
	}
	if p.every != 0 {
		all = append(all, fmt.Sprintf("every %v", p.every))
	}
	return cmp.Or(strings.Join(all, ", "), "as usual")
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
