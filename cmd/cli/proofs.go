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
	anytime bool              // it goes by time, and not by the moment that the fault has in the catalogue
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
		// They wait in vain for as long as the lease of the key lives: it must outlast a machine that stands still for a while.
		{fault: "lose-acquire-reply", under: scenario.Settings{TTL: 3 * time.Second}, catches: []catch{{"leak-on-cancel", "progress"}}},
		// Few clients and short holds, so that a key is often deleted just after a waiter has looked.
		{fault: harness.Calm, under: scenario.Settings{Clients: 3, Hold: millis(0, 40)}, catches: []catch{
			{"watch-gap", "progress"}, {"none", "exclusion"}, {"get-then-put", "exclusion"}, {"shared-client-id", "exclusion"},
			{"double-grant", "grant"}, {"delete-by-name", "release"},
		}},
		{fault: "overstay-holder", catches: []catch{
			{"no-keepalive", "exclusion"}, {"local-lease", "exclusion"}, {"steal-by-age", "lease-bounded"},
		}},
		// Any waiter, because those behind it are misled: the moment is when one has just begun to wait, behind all.
		{fault: "revoke-waiter", every: 400 * time.Millisecond, anytime: true, under: scenario.Settings{Clients: 8}, catches: []catch{
			{"mutex-norecheck", "grant"}, {"predecessor-gone", "grant"},
		}},
		// Long holds, so that somebody else is inside when a client enters, or does what another one has the right to.
		{fault: "isolate-waiter", under: scenario.Settings{Hold: millis(150, 250)}, catches: []catch{{"optimistic-owner", "exclusion"}}},
		{fault: "lose-release-reply", under: scenario.Settings{Hold: millis(250, 350)}, catches: []catch{{"retried-release", "release"}}},
		{fault: "revoke-holder", every: 400 * time.Millisecond, under: scenario.Settings{Hold: millis(150, 250)}, catches: []catch{{"tutorial", "release"}}},
		{fault: "pause-holder", catches: []catch{{"unfenced-token", "fencing"}}},
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
	if p.under.TTL != 0 {
		all = append(all, fmt.Sprintf("ttl %v", p.under.TTL))
	}
	if p.under.Clients != 0 {
		all = append(all, fmt.Sprintf("clients %d", p.under.Clients))
	}
	if p.under.Hold != (scenario.Range{}) {
		all = append(all, fmt.Sprintf("hold %v", p.under.Hold))
	}
	if p.every != 0 {
		all = append(all, fmt.Sprintf("every %v", p.every))
	}
	if p.anytime {
		all = append(all, "anytime")
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
