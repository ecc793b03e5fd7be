package checker

import (
	"math"

	"lockquake/checker/history"
	"lockquake/checker/linear"
)

// kind is what a key's lock allows. It is not recorded, but known from what clients asked for.
type kind uint8

const (
	mutex kind = iota
	reentrant
	readersWriter
	semaphore
)

// kinds gives the kind of each key's lock, as far as it is no mutex.
func kinds(h *history.History) map[string]kind {
	found := map[string]kind{}
	if h.Header.Permits > 1 {
		for i := range h.Ops {
			if h.Ops[i].Op == history.Acquire {
				found[h.Ops[i].Key] = semaphore
			}
		}
		return found
	}
	for i := range h.Ops {
		switch o := &h.Ops[i]; o.Mode {
		case history.Shared:
			found[o.Key] = readersWriter
		case history.Nested:
			found[o.Key] = max(found[o.Key], reentrant)
		}
	}
	return found
}

// model is the lock as porcupine knows it.
func (k kind) model(permits int) linear.Lock {
	switch k {
	case semaphore:
		return linear.Semaphore(int32(permits))
	case readersWriter:
		return linear.ReadersWriter()
	case reentrant:
		return linear.Reentrant(math.MaxInt32)
	}
	return linear.Mutex()
}

// name says what kind of lock it is.
func (k kind) name(permits int) string {
	switch k {
	case semaphore:
		return "a semaphore of " + count(permits, "permit")
	case readersWriter:
		return "a readers-writer lock"
	case reentrant:
		return "a reentrant mutex"
	}
	return "a mutex"
}

// Holders counts the clients that believe in holds of one key at a moment.
type Holders struct{ Alone, Shared int }

// Add takes n more clients into account that asked in a mode; or less, if n is negative.
func (c *Holders) Add(m history.Mode, n int) {
	if m == history.Shared {
		c.Shared += n
		return
	}
	c.Alone += n
}

// All is how many there are.
func (c Holders) All() int { return c.Alone + c.Shared }

// TooMany tells whether a lock that several may hold at a time (permits; 0: one) let in more than it may.
func (c Holders) TooMany(permits int) bool {
	if permits > 1 {
		return c.All() > permits
	}
	return c.Alone > 1 || c.Alone == 1 && c.Shared > 0
}

// against is with how many conflicts one more client comes to them: one for each whose hold it must not meet,
// of a semaphore one in all.
func (c Holders) against(m history.Mode, permits int) int {
	switch {
	case permits > 1 && c.All() < permits:
		return 0
	case permits > 1:
		return 1
	case m == history.Shared:
		return c.Alone
	}
	return c.All()
}
