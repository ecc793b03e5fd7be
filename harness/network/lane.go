package network

import (
	"net"
	"os"
	"sync"
	"time"
)

// capacity bounds the bytes under way on a lane: with as many, its sender blocks. Like a socket's
// buffer it lets a client believe that a request is under way: sent late, it still takes effect.
// Under a delay it bounds the throughput, too, as a TCP window would: 8 MiB in each Delay.
const capacity = 8 << 20

// overhead is what a parcel weighs beside its bytes, so that small ones are bounded, too.
const overhead = 64

// lane is one direction of a connection: the link that it runs over, and the parcels under way on
// it, in order. While the link passes it is idle, and the connection goes past it.
type lane struct {
	link   *Link
	owner  *Conn
	closed <-chan struct{} // the owner is

	mu      sync.Mutex
	parcels []*parcel // oldest first
	weight  int
	sent    uint64 // parcels so far
	served  bool   // a goroutine brings parcels, or takes them away
	changed signal
}

// parcel is bytes on their way, or the end of the stream behind them.
type parcel struct {
	bytes []byte
	end   error
	due   time.Time // not before; nor before what is older
	met   uint64    // the number of the link's newest rule that has counted it as held
}

// push puts a parcel behind those under way, as soon as there is room. What the link loses is gone.
func (l *lane) push(p *parcel, late <-chan struct{}) error {
	switch {
	case isOver(l.closed):
		return net.ErrClosed
	case isOver(late):
		return os.ErrDeadlineExceeded
	}
	if err := l.await(func() bool { return l.weight < capacity }, late); err != nil {
		return err
	}
	if lost, _ := l.link.ask(l.owner, p); lost {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	p.due = time.Now().Add(l.link.delay(l.sent, len(p.bytes)))
	l.parcels = append(l.parcels, p)
	l.weight += overhead + len(p.bytes)
	l.changed.fire()
	return nil
}

// take removes the oldest parcel when it has arrived. Nil: the link has lost it, or there is none and
// nobody who brings any.
func (l *lane) take(late <-chan struct{}) (*parcel, error) {
	if err := l.await(func() bool { return len(l.parcels) > 0 || !l.served }, late); err != nil {
		return nil, err
	}
	p := l.oldest()
	if p == nil {
		return nil, nil
	}
	lost, err := l.arrive(p, late)
	if err != nil {
		return nil, err
	}
	l.pop()
	if lost {
		return nil, nil
	}
	return p, nil
}

// arrive waits until a parcel is due, and the link lets it pass or loses it.
func (l *lane) arrive(p *parcel, late <-chan struct{}) (lost bool, err error) {
	if err := waitUntil(p.due, l.closed, late); err != nil {
		return false, err
	}
	for {
		lost, changed := l.link.ask(l.owner, p)
		if changed == nil {
			return lost, nil
		}
		if err := wait(changed, l.closed, late); err != nil {
			return false, err
		}
	}
}

// idle and empty are conditions for those who hold l.mu.
func (l *lane) idle() bool { return len(l.parcels) == 0 && !l.served }

func (l *lane) empty() bool { return len(l.parcels) == 0 }

func (l *lane) oldest() *parcel {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.parcels) == 0 {
		return nil
	}
	return l.parcels[0]
}

func (l *lane) pop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.weight -= overhead + len(l.parcels[0].bytes)
	l.parcels[0] = nil
	l.parcels = l.parcels[1:]
	l.changed.fire()
}

// await blocks until a condition of the lane holds.
func (l *lane) await(holds func() bool, late <-chan struct{}) error {
	for {
		changed := l.unless(holds)
		if changed == nil {
			return nil
		}
		if err := wait(changed, l.closed, late); err != nil {
			return err
		}
	}
}

func (l *lane) unless(holds func() bool) (changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if holds() {
		return nil
	}
	return l.changed.next()
}

// serve starts a goroutine for the lane, unless it has one.
func (l *lane) serve(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.served {
		l.served = true
		go f()
	}
}

// rest is called by the goroutine that served, at its end.
func (l *lane) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.served = false
	l.changed.fire()
}

// more tells the goroutine that serves whether there is more to do. If not, it has served, and what
// comes next starts another.
func (l *lane) more() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.empty() {
		l.served = false
		l.changed.fire()
		return false
	}
	return true
}

// stalls tells whether parcels wait while nobody brings what follows them: a deadline ended that.
func (l *lane) stalls() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.served && !l.empty() && l.parcels[len(l.parcels)-1].end == nil && !l.link.passes()
}

// isIdle tells whether nothing is under way, and nobody serves the lane.
func (l *lane) isIdle() bool { return l.unless(l.idle) == nil }
