package harness

import (
	"context"
	"slices"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness/nemesis"
)

// board shows what every client is about, and lets the nemesis wait for a moment and strike whoever
// brought it before that client takes another step.
type board struct {
	mu      sync.Mutex
	clients map[int]nemesis.Victim // those that hold a lock or wait for one
	leases  map[int][]clientv3.LeaseID
	aims    []*aim
	changed chan struct{} // closed when a client changes its role; made by the first who waits for that
}

// aim is a wait for a moment.
type aim struct {
	moment nemesis.Moment
	skip   int // moments that go by first
	hit    chan shot
}

// shot is a client that stands still, if the moment is one for that, until the nemesis has done its
// work.
type shot struct {
	victim nemesis.Victim
	done   chan struct{}
}

// stands notes what a client is about.
func (b *board) stands(v nemesis.Victim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients == nil {
		b.clients = map[int]nemesis.Victim{}
	}
	b.clients[v.Client] = v
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// walks notes that a client holds no lock, nor waits for one.
func (b *board) walks(client int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.clients, client)
}

// standing is what a client is about; the zero Role: nothing.
func (b *board) standing(client int) nemesis.Victim {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clients[client]
}

// granted notes that a client was granted a lease, and grantedTo lists them, the latest last.
func (b *board) granted(client int, lease clientv3.LeaseID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.leases == nil {
		b.leases = map[int][]clientv3.LeaseID{}
	}
	b.leases[client] = append(b.leases[client], lease)
}

func (b *board) grantedTo(client int) []clientv3.LeaseID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.leases[client])
}

// under finds the holder under a lease.
func (b *board) under(lease clientv3.LeaseID) (nemesis.Victim, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range b.clients {
		if v.Role == nemesis.Holder && v.Lease == lease {
			return v, true
		}
	}
	return nemesis.Victim{}, false
}

// reached tells of a moment to all who wait for it. What it returns must be waited for where a client is to
// stand still.
func (b *board) reached(m nemesis.Moment, v nemesis.Victim) (shots []shot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.aims = slices.DeleteFunc(b.aims, func(a *aim) bool {
		if a.moment != m {
			return false
		}
		if a.skip > 0 {
			a.skip--
			return false
		}
		s := shot{victim: v, done: make(chan struct{})}
		a.hit <- s
		shots = append(shots, s)
		return true
	})
	return shots
}

// standStill tells of a moment, and returns when all who waited for it have done their work.
func (b *board) standStill(ctx context.Context, m nemesis.Moment, v nemesis.Victim) {
	for _, s := range b.reached(m, v) {
		select {
		case <-s.done:
		case <-ctx.Done():
		}
	}
}

// await waits for a moment. The caller must close the shot's done.
func (b *board) await(ctx context.Context, m nemesis.Moment, skip int) (shot, error) {
	a := &aim{moment: m, skip: skip, hit: make(chan shot, 1)}
	b.mu.Lock()
	b.aims = append(b.aims, a)
	b.mu.Unlock()
	select {
	case s := <-a.hit:
		return s, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.aims = slices.DeleteFunc(b.aims, func(other *aim) bool { return other == a })
	select {
	case s := <-a.hit: // it came at the last moment, and waits
		close(s.done)
	default:
	}
	return shot{}, ctx.Err()
}

// find waits until a client has a role. pick chooses where several do.
func (b *board) find(ctx context.Context, role nemesis.Role, pick int) (nemesis.Victim, error) {
	for {
		having, changed := b.having(role)
		if len(having) > 0 {
			return having[pick%len(having)], nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nemesis.Victim{}, ctx.Err()
		}
	}
}

func (b *board) having(role nemesis.Role) (having []nemesis.Victim, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range b.clients {
		if v.Role == role || role == nemesis.AnyClient {
			having = append(having, v)
		}
	}
	slices.SortFunc(having, func(v, w nemesis.Victim) int { return v.Client - w.Client })
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return having, b.changed
}
