// Package locktest gates a lock in go test: it shakes an etcd cluster of its own while clients fight for the
// lock, and fails with the story of what went wrong.
//
//	func TestLock(t *testing.T) {
//		locktest.Run(t, mylock.Open, locktest.Fenced())
//	}
//
// There is one subtest for each fault, without faults and under the core ones if nothing else is said, each with a
// cluster in this process, which is ready in a tenth of a second. What is not known fails, too. The seed is in the
// log; with the environment variable LOCKQUAKE_SEED set to it the plan is the same again. With go test -artifacts
// the plan, history, verdicts and pictures of a failure are kept: a folder that lockquake check and lockquake
// report read.
//
// With Virtual the same happens in virtual time, so that a gate covers hours; the members and clients are as real.
//
// It draws, carries out and judges by the same packages as the command lockquake run. Read options.go for what
// can be chosen, and workloads/lock for what a strategy is.
package locktest

import (
	"testing"

	"lockquake/workloads/lock"
)

// Run fails t if the lock that a strategy opens gives less than is wanted of it: exclusive holds without faults,
// and under faults never any harm. With -short it is skipped.
func Run(t *testing.T, strategy lock.Strategy, options ...Option) {
	t.Helper()
	g, err := choose(t.Name(), strategy, options)
	if err != nil {
		t.Fatalf("locktest: %v", err)
	}
	if testing.Short() {
		t.Skipf("locktest: left out by -short: shaking etcd clusters takes about %v", g.lasts())
	}
	t.Logf("locktest: seed %d, about %v; %s=%d repeats its plan", g.seed, g.lasts(), seedVariable, g.seed)
	for _, trial := range g.trials {
		t.Run(trial.Scenario.Name, func(t *testing.T) {
			t.Helper()
			if g.parallel {
				t.Parallel()
			}
			g.shake(t, trial)
		})
	}
}
