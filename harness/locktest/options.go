package locktest

import (
	"errors"
	"fmt"
	"time"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/results"
)

// Option is a choice of how a lock is gated.
type Option func(*choice) error

// choice is what the options make of the usual settings.
type choice struct {
	recipes  []func() (found []scenario.Scenario, err error) // those that are asked for; none: the core faults
	settings []func(*harness.Settings)
	promise  checker.Promise
	wanted   bool           // the promise was given
	limits   results.Limits // of every cell; what is zero is left to its scenario
	fenced   bool
	without  nemesis.Trait
	seed     uint64
	seeded   bool
	parallel bool
	virtual  bool
}

// Groups of faults that have a name, as on the command line.
const (
	Core = "core" // no fault, and those that find most: what is tried where neither Faults nor Scenario is given
	All  = "all"  // every fault that an embedded cluster allows and that finds something to strike at in the lock
)

// Faults chooses what the lock is tried under, each fault by itself: names as lockquake list faults shows them,
// harness.Calm for no fault, or Core or All.
func Faults(names ...string) Option {
	return func(c *choice) error {
		if len(names) == 0 {
			return errors.New("no Faults are named: give at least one, such as pause-holder or none")
		}
		for _, name := range names {
			c.recipes = append(c.recipes, func() ([]scenario.Scenario, error) { return c.ofFault(name) })
		}
		return nil
	}
}

// Scenario tries the lock under a scenario that comes with lockquake, or under that of a YAML file. Its settings
// and what it wants are heeded but for its strategies, and what other options say goes before them.
func Scenario(nameOrFile string) Option {
	return func(c *choice) error {
		c.recipes = append(c.recipes, func() ([]scenario.Scenario, error) { return one(scenario.Find(nameOrFile, names())) })
		return nil
	}
}

// ScenarioText is Scenario with the YAML itself. The name stands for it in what is told.
func ScenarioText(name, yaml string) Option {
	return func(c *choice) error {
		c.recipes = append(c.recipes, func() ([]scenario.Scenario, error) {
			return one(scenario.Parse(name+".yaml", []byte(yaml), names()))
		})
		return nil
	}
}

// Want says which grades are wanted at least: one without faults, one under them. checker.Unsafe is any at all.
// Without this option these are checker.Exclusive and checker.Fenced, so that the lock never does any harm.
func Want(calm, faults checker.Grade) Option {
	return func(c *choice) error {
		if calm < checker.Unsafe || faults < checker.Unsafe || calm > checker.Exclusive || faults > checker.Exclusive {
			return errors.New("Want is given something that is not a grade: give checker.Unsafe, Fenced, LeaseBounded or Exclusive")
		}
		c.promise.Calm, c.promise.Faults, c.wanted = calm, faults, true
		return nil
	}
}

// MaxP99 is a threshold: 99 % of acquires take no longer. A test that is missed by it fails, and so does one in which
// nobody acquired the lock. Machines that run tests are busy: give it room.
func MaxP99(d time.Duration) Option {
	return positive("MaxP99", d, func(c *choice) { c.limits.MaxP99 = d })
}

// MaxGap is a threshold: there is never a longer time in which nobody was granted the lock. Under faults that is at
// least the time that it takes a lease to end.
func MaxGap(d time.Duration) Option {
	return positive("MaxGap", d, func(c *choice) { c.limits.MaxGap = d })
}

// MinOps is a threshold: the lock is acquired at least so often.
func MinOps(n int) Option {
	return positive("MinOps", n, func(c *choice) { c.limits.MinOps = n })
}

func positive[N int | time.Duration](option string, n N, take func(*choice)) Option {
	return func(c *choice) error {
		if n <= 0 {
			return fmt.Errorf("%s is given %v: give more than 0", option, n)
		}
		take(c)
		return nil
	}
}

// Known names checkers whose accusations under faults are known bugs of the lock, and let pass.
func Known(checkers ...string) Option {
	return func(c *choice) error {
		for _, name := range checkers {
			if name != "grant" && name != "release" && name != "progress" {
				return fmt.Errorf("Known is given %q: give grant, release or progress", name)
			}
		}
		c.promise.Known = append(c.promise.Known, checkers...)
		return nil
	}
}

// Fenced makes the resource that the lock protects refuse writes under a token that is older than one it has seen.
// The lock must give tokens, then.
func Fenced() Option { return func(c *choice) error { c.fenced = true; return nil } }

// Without says what most locks have and this one has not, so that Core and All leave out faults that would have
// nothing to strike at.
func Without(traits nemesis.Trait) Option {
	return func(c *choice) error { c.without |= traits; return nil }
}

// Seed makes the plan the same each time. LOCKQUAKE_SEED in the environment goes before it.
func Seed(seed uint64) Option {
	return func(c *choice) error { c.seed, c.seeded = seed, true; return nil }
}

// Parallel runs the subtests beside each other, as many as go test -parallel says: they mostly wait.
func Parallel() Option { return func(c *choice) error { c.parallel = true; return nil } }

// Virtual gates the lock in virtual time, each test for so long a time of it: an hour takes some ten seconds, in which
// leases of 10 s and holds of a second are usual. A virtual hour without the lock would take five; each grant adds
// some milliseconds.
//
// Time is virtual for all that the strategy does, and goes on only when all of it waits for time, for a channel or a
// sync.Cond that it has made itself, or for its etcd client. What waits for something else stops it: a channel, timer or
// sync.Mutex that was there before the test, a mutex whose owner waits for etcd, a real socket, a process. After
// ten seconds without progress the test panics, and shows the goroutines that do. A lock that is safe here has been
// tried for hours; schedules of goroutines are others in every run, though, also of one seed.
func Virtual(lasts time.Duration) Option {
	return func(c *choice) error {
		c.virtual = true
		return Duration(lasts)(c)
	}
}

// Members is how many the cluster has; an odd number (usually 3).
func Members(n int) Option { return Set(func(s *harness.Settings) { s.Members = n }) }

// Clients is how many fight for the lock (usually 5).
func Clients(n int) Option { return Set(func(s *harness.Settings) { s.Clients = n }) }

// TTL is the one of leases, whole seconds (usually 1 s).
func TTL(d time.Duration) Option { return Set(func(s *harness.Settings) { s.TTL = d }) }

// Duration is how long faults are injected, after a warm-up (usually 3 s).
func Duration(d time.Duration) Option { return Set(func(s *harness.Settings) { s.Duration = d }) }

// Repeat tries each fault so many times, with other plans (usually once).
func Repeat(n int) Option { return Set(func(s *harness.Settings) { s.Repeats = n }) }

// Workload is what clients do with the lock, by a name that lockquake list workloads shows (usually register).
func Workload(name string) Option { return Set(func(s *harness.Settings) { s.Workload = name }) }

// Hold is how long the lock is held: drawn from that range (usually 25 to 75 ms).
func Hold(from, to time.Duration) Option {
	return func(c *choice) error {
		hold, err := scenario.ParseRange(fmt.Sprintf("%v..%v", from, to))
		if err != nil {
			return fmt.Errorf("Hold is given %v and %v: %w", from, to, err)
		}
		return Set(func(s *harness.Settings) { s.Hold = hold })(c)
	}
}

// Set changes any of the settings, after those of a scenario were heeded.
func Set(change func(*harness.Settings)) Option {
	return func(c *choice) error { c.settings = append(c.settings, change); return nil }
}

// seedVariable repeats a failure without a change of the test.
const seedVariable = "LOCKQUAKE_SEED"
