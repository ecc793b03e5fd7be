package lock

import (
	"context"
	"fmt"
	"strings"
)

// Abilities are what a lock can do beyond Lock. A strategy's catalogue entry declares them, because they must
// be known before a lock is opened; AbilitiesOf tells whether an opened lock keeps to that.
type Abilities uint8

// Abilities, each by the interface that a Lock with it implements.
const (
	Tries    Abilities = 1 << iota // Trier
	Reenters                       // Reentrant
	Shares                         // Shared
	Counts                         // Semaphore
	Requeues                       // Requeuer
)

// Trier is a Lock that can be tried for.
type Trier interface {
	// TryAcquire is Acquire without the wait: where the lock cannot be had at once, its error wraps ErrTaken.
	TryAcquire(context.Context) (Hold, error)
}

// ErrTaken is wrapped by the error of a try that found the lock taken.
var ErrTaken = fmt.Errorf("lock taken: %w", ErrDefinite)

// Reentrant is a Lock that who holds it may acquire again. It is free when every one of its holds was released,
// in whatever order.
type Reentrant interface {
	// Reacquire gives a further hold to the client that has one; it does not wait for others.
	Reacquire(context.Context) (Hold, error)
}

// Shared is a readers-writer Lock: Acquire is the writer's.
type Shared interface {
	// AcquireShared is the reader's Acquire: others that share may hold the lock at the same time.
	AcquireShared(context.Context) (Hold, error)
}

// Semaphore is a Lock that several may hold at a time.
type Semaphore interface {
	// Permits is how many: Env.Permits.
	Permits() int
}

// Requeuer is a Lock that can be given back and asked for again in one request.
type Requeuer interface {
	// Requeue does what the hold's Release does, with the same errors, and gets in line again. The next Acquire takes
	// that place; where nobody comes for it, Close gives it up.
	Requeue(context.Context, Hold) error
}

// Program is a Lock that lives in a process of its own: what befalls its client befalls that, too.
type Program interface {
	// Pause stops the process where it is; Resume lets it go on.
	Pause() error
	Resume() error
	// Kill ends it with nothing said.
	Kill() error
}

// AbilitiesOf are those whose interfaces a lock implements.
func AbilitiesOf(l Lock) (all Abilities) {
	has := func(ability Abilities, implemented bool) {
		if implemented {
			all |= ability
		}
	}
	_, tries := l.(Trier)
	_, reenters := l.(Reentrant)
	_, shares := l.(Shared)
	_, counts := l.(Semaphore)
	_, requeues := l.(Requeuer)
	has(Tries, tries)
	has(Reenters, reenters)
	has(Shares, shares)
	has(Counts, counts)
	has(Requeues, requeues)
	return all
}

var abilityNames = []string{"try", "reentrant", "shared", "semaphore", "requeue"}

// String names the abilities, comma separated; empty: none.
func (a Abilities) String() string {
	var names []string
	for i, name := range abilityNames {
		if a&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
