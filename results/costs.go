package results

import (
	"time"
)

// costsFile is in the folders of cells that were carried out to be compared by what they cost.
const costsFile = "costs.json"

// Costs are what a lock cost in one cell, and what it stood on. They were measured by the harness, beside the history.
type Costs struct {
	// Of the whole time from the first acquire to the last release, so that no acquisition is counted in part.

	Acquired  int64            `json:"acquired"`
	Proposals int64            `json:"proposals"` // of raft; -1: not known, the leader changed
	Requests  map[string]int64 `json:"requests"`  // of the lock's clients, by kind
	Watches   int64            `json:"watches"`   // begun
	Events    int64            `json:"events"`    // that watches told of

	// Of the measured window.

	// Floor is what it takes at least to pass a lock on: from the call of a delete until a watch that was there before
	// tells another client of it.
	Floor Latency `json:"floor"`
	Put   Latency `json:"put"`
	// Late is by how much acquires of an open loop were begun after they were due, besides what they waited for a client
	// that was free: it is the harness's fault, not the lock's.
	Late  Latency `json:"late,omitzero"`
	Cores *Cores  `json:"cores"` // nil: this system does not tell

	Clients int     `json:"clients"`
	Keys    int     `json:"keys"`
	Rate    float64 `json:"rate,omitempty"` // of an open loop: how many acquires fell due a second
}

// Cores are the shares of a machine's time on all its cores, which add up to 1.
type Cores struct {
	Idle   float64 `json:"idle"`
	Own    float64 `json:"own"`    // of this process: clients, harness and, where they are in it, members
	Others float64 `json:"others"` // of all other processes, and of other machines on the same hardware
}

// Per is a count for each acquisition.
func (c Costs) Per(count int64) float64 {
	return float64(count) / float64(max(c.Acquired, 1))
}

// Asked is the number of requests of all kinds.
func (c Costs) Asked() (all int64) {
	for _, n := range c.Requests {
		all += n
	}
	return all
}

// seen is a count of what clients say, or -1, not known: a lock in a program of its own says it on connections of its own.
func (c Costs) seen(count int64) int64 {
	if c.Asked() == 0 {
		return -1
	}
	return count
}

// WriteCosts stores them.
func (c *Cell) WriteCosts(costs Costs) error { return writeJSON(c.Path(costsFile), costs) }

// Summarize gives what is told of many durations.
func Summarize(all []time.Duration) Latency {
	h := newHistogram()
	for _, d := range all {
		h.record(d)
	}
	return h.latency()
}
