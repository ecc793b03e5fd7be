package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestPausedClientIsEvidentFromItsStandingStill(t *testing.T) {
	paused := injection{fault: nemesis.PauseClient{}, members: 3, role: nemesis.Holder, to: holderOfLease,
		did: []string{"pause c3"}, cut: allOfC3, undid: []string{"resume c3"}}
	for name, change := range map[string]func(*injection){
		"lease ended": func(c *injection) {
			c.then, c.want = (*world).stops, seen("the process stood still; its lease had ended")
		},
		"lease alive": func(c *injection) {
			c.then = func(w *world) { w.stops(); w.leaseLives() }
			c.want = seen("the process stood still; its lease was alive")
		},
		"never came to the gate": func(c *injection) {
			c.want = unseen("the process was never stopped; its lease had ended")
		},
	} {
		c := paused
		change(&c)
		bubble(t, name, c.run)
	}
}

func (w *world) stops() { w.set(func() { w.stopped = true }) }

// What the process does next must come from what it knew, not from what its links bring.
func TestPausedProcessGoesOnBeforeItsLinks(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.PauseClient{}, w.target(nemesis.Holder))
		passed := true
		w.resumed = func() { passed = passes(t, w.link("0>c3")) }
		if _, err := injected.Heal(t.Context()); err != nil || passed {
			t.Errorf("heal: error %v; links mended before the process went on: %t", err, passed)
		}
	})
}
