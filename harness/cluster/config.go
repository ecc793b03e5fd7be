package cluster

import (
	"errors"
	"fmt"
	"time"
)

// Defaults of Config. At these ticks a leader that is lost is replaced in 0.2 s.
const (
	DefaultMembers  = 3
	DefaultTick     = 10 * time.Millisecond
	DefaultElection = 100 * time.Millisecond
)

// maxElection is etcd's limit.
const maxElection = 50 * time.Second

// Config describes a cluster. Zero fields take the defaults.
type Config struct {
	Members  int
	Dir      string        // where the members' logs go, member-m0.log, ...; empty: nowhere
	Tick     time.Duration // raft's heartbeat interval, whole milliseconds
	Election time.Duration // raft's election timeout, whole milliseconds, at least 5 x Tick

	// Fsync has members wait for their disk, as etcd does everywhere else: without it they lose what they have promised
	// when the machine crashes, but not when they do.
	Fsync bool
	// Data is a folder for the members' data while the cluster lives; empty: the system's for temporary files, which may
	// be in memory. What a killed process leaves there nobody removes.
	Data string

	// Process gives each member a process of its own, so that it can be killed and paused as the system
	// does it. The program must call ServeMember, unless EtcdPath is set.
	Process bool
	// EtcdPath is an etcd, 3.4 or later, that the processes run instead of this one's; empty: none. Where
	// the system does not tell a process of its parent's death (all but Linux), it survives a SIGKILL of
	// this one.
	EtcdPath string

	// Ground is where members run instead of on this machine's sockets; nil: nowhere else.
	Ground Ground
}

func (c Config) withDefaults() Config {
	if c.Members == 0 {
		c.Members = DefaultMembers
	}
	if c.Tick == 0 {
		c.Tick = DefaultTick
	}
	if c.Election == 0 {
		c.Election = DefaultElection
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.EtcdPath != "" && !c.Process:
		return fmt.Errorf("etcd binary %s: it needs members in processes of their own", c.EtcdPath)
	case c.Ground != nil && c.Process:
		return errors.New("members on a ground of their own have no processes")
	case c.Members < 1:
		return fmt.Errorf("%d members: a cluster needs at least 1", c.Members)
	case c.Tick < time.Millisecond || c.Tick%time.Millisecond != 0:
		return fmt.Errorf("tick %v: etcd counts in whole milliseconds, at least 1", c.Tick)
	case c.Election%time.Millisecond != 0:
		return fmt.Errorf("election timeout %v: etcd counts in whole milliseconds", c.Election)
	case c.Election < 5*c.Tick:
		return fmt.Errorf("election timeout %v: it must be at least 5 ticks of %v", c.Election, c.Tick)
	case c.Election > maxElection:
		return fmt.Errorf("election timeout %v: etcd takes at most %v", c.Election, maxElection)
	}
	return nil
}

// MinTTL is the shortest lease that a cluster with these settings grants; etcd raises a shorter one
// to it without a word. (etcdserver.NewServer, MinLeaseTTL)
func MinTTL(tick, election time.Duration) time.Duration {
	ticks := int64(election / tick)
	least := time.Duration(3*ticks/2) * tick
	return (least + time.Second - 1).Truncate(time.Second)
}
