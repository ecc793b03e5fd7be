package nemesis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"lockquake/harness/nemesis"
	"lockquake/harness/network"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

const ttl = 2 * time.Second

// belief is what a member says of leadership, or said before it went down.
type belief struct {
	leader int
	term   uint64
	down   bool
}

// world is all that faults can act on. It notes what they do, in order, and answers as a test wants. Like
// the real one, it refuses requests whose context has ended. Its links are real.
type world struct {
	mu      sync.Mutex
	did     []string
	fail    map[string]error // for what is done, as it is noted
	beliefs []belief
	links   map[string]*network.Link

	asked   func() // called when a lease is asked for
	resumed func() // called when a client's process goes on

	stuck    bool  // nobody leads after another
	stopped  bool  // a paused process reached its next step
	stayed   bool  // a critical section still goes on
	alive    bool  // the lease, whatever was done to it
	revision int64 // of a revoke, a compaction
	size     int64 // of a snapshot

	match func(request any) bool // of what is to be lost
	reply string                 // that was lost
	lost  int                    // requests
}

// members are a world in which m1 leads term 4.
func members(n int) *world {
	w := &world{fail: map[string]error{}, links: map[string]*network.Link{}, beliefs: make([]belief, n), revision: 17}
	w.elect(1, 4)
	return w
}

// elect lets all members that run believe in a leader.
func (w *world) elect(leader int, term uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.beliefs {
		w.beliefs[i].leader, w.beliefs[i].term = leader, term
	}
}

// believe sets what each member says.
func (w *world) believe(all ...belief) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beliefs = all
}

// set changes what the world is like while a fault may look at it.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// target is everything, and a role: c3 has those of clients.
func (w *world) target(role nemesis.Role) nemesis.Target {
	t := nemesis.Target{
		Members: w, Killer: w, Pauser: w, Peers: w, Membership: w, Maintenance: w, Clients: clients{w}, Leases: w,
		Role: role, TTL: ttl,
	}
	if role.OfClient() {
		t.Victim = nemesis.Victim{Role: role, Client: 3, Key: "k1", Lease: 0x4f0a}
	}
	return t
}

const holderOfLease = "c3, holder of k1 under lease 4f0a"

// do notes what is done, and fails when the test says so.
func (w *world) do(format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := fmt.Sprintf(format, args...)
	w.did = append(w.did, what)
	return w.fail[what]
}

// wantDone checks what was done since the last time.
func (w *world) wantDone(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.did, want) {
		t.Errorf("done: %q, want %q", w.did, want)
	}
	w.did = nil
}

func (w *world) Names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return make([]string, len(w.beliefs))
}

func (w *world) Believes(member int) (leader int, term uint64, running bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.beliefs[member]
	return b.leader, b.term, !b.down
}

func (w *world) down(is bool, members ...int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range members {
		w.beliefs[m].down = is
	}
}

func (w *world) Kill(member int) error {
	if err := w.do("kill m%d", member); err != nil {
		return err
	}
	w.down(true, member)
	return nil
}

func (w *world) Restart(ctx context.Context, members ...int) error {
	if err := errors.Join(w.do("restart m%v", members), ctx.Err()); err != nil {
		return err
	}
	w.down(false, members...)
	return nil
}

func (w *world) PauseMember(member int) error {
	if err := w.do("pause m%d", member); err != nil {
		return err
	}
	w.down(true, member)
	return nil
}

func (w *world) ResumeMember(member int) error {
	if err := w.do("resume m%d", member); err != nil {
		return err
	}
	w.down(false, member)
	return nil
}

func (w *world) AddMember(ctx context.Context) (int, error)  { return w.add(ctx, "add m%d") }
func (w *world) AddLearner(ctx context.Context) (int, error) { return w.add(ctx, "add learner m%d") }

func (w *world) add(ctx context.Context, how string) (int, error) {
	added := len(w.Names())
	if err := errors.Join(w.do(how, added), ctx.Err()); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beliefs = append(w.beliefs, w.beliefs[0])
	return added, nil
}

func (w *world) Promote(ctx context.Context, member int) error {
	return errors.Join(w.do("promote m%d", member), ctx.Err())
}

func (w *world) RemoveMember(ctx context.Context, member int) error {
	if err := errors.Join(w.do("remove m%d", member), ctx.Err()); err != nil {
		return err
	}
	w.down(true, member)
	return nil
}

func (w *world) MoveLeader(ctx context.Context, to int) error {
	if err := errors.Join(w.do("move leader to m%d", to), ctx.Err()); err != nil || w.stuck {
		return err
	}
	w.elect(to, w.beliefs[0].term+1)
	return nil
}

func (w *world) Compact(ctx context.Context) (int64, error) {
	return w.revision, errors.Join(w.do("compact"), ctx.Err())
}

func (w *world) Defragment(ctx context.Context, member int) (before, after int64, err error) {
	return 90, 60 + int64(member), errors.Join(w.do("defragment m%d", member), ctx.Err())
}

func (w *world) Snapshot(ctx context.Context, member int) (int64, error) {
	return w.size, errors.Join(w.do("snapshot m%d", member), ctx.Err())
}

func (w *world) Peer(from, to int) *network.Link {
	if from == to {
		panic("a member has no link to itself")
	}
	return w.link(fmt.Sprintf("%d>%d", from, to))
}

func (w *world) Links(client, member int) (to, from *network.Link) {
	return w.link(fmt.Sprintf("c%d>%d", client, member)), w.link(fmt.Sprintf("%d>c%d", member, client))
}

func (w *world) link(name string) *network.Link {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.links[name] == nil {
		w.links[name] = new(network.Link)
	}
	return w.links[name]
}

func (w *world) Pause(client int)  { _ = w.do("pause c%d", client) }
func (w *world) Linger(client int) { _ = w.do("linger c%d", client) }

func (w *world) Resume(client int) bool {
	if w.resumed != nil {
		w.resumed()
	}
	_ = w.do("resume c%d", client)
	return w.stopped
}

func (w *world) Leave(client int) bool {
	_ = w.do("leave c%d", client)
	return w.stayed
}

func (w *world) Crash(client int) error { return w.do("crash c%d", client) }

// A client and a member are both restarted by Restart, which one type cannot have twice.
type clients struct{ *world }

func (c clients) Restart(ctx context.Context, client int) error {
	return errors.Join(c.do("restart c%d", client), ctx.Err())
}

func (w *world) LoseReply(client int, match func(any) bool) (stop func() string) {
	_ = w.do("lose a reply of c%d", client)
	w.match = match
	return func() string {
		_ = w.do("stop losing")
		return w.reply
	}
}

func (w *world) LoseRequests(client int, match func(any) bool) (stop func() int) {
	_ = w.do("lose requests of c%d", client)
	w.match = match
	return func() int {
		_ = w.do("stop losing")
		return w.lost
	}
}

func (w *world) Revoke(ctx context.Context, id clientv3.LeaseID) (int64, error) {
	return w.revision, errors.Join(w.do("revoke %x", int64(id)), ctx.Err())
}

// Alive is no harm, and not noted.
func (w *world) Alive(ctx context.Context, id clientv3.LeaseID) (bool, error) {
	if w.asked != nil {
		w.asked()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alive, errors.Join(w.fail[fmt.Sprintf("ask for %x", int64(id))], ctx.Err())
}

// wantCut sends a byte over every link, and checks which do not bring it at once: "0>1" is what m0 sends
// m1, "c3>0" what c3 requests of m0.
func (w *world) wantCut(t *testing.T, want string) {
	t.Helper()
	var cut []string
	for _, name := range w.linkNames() {
		if !passes(t, w.link(name)) {
			cut = append(cut, name)
		}
	}
	if got := strings.Join(cut, " "); got != want {
		t.Errorf("cut: %q, want %q", got, want)
	}
}

func (w *world) linkNames() (all []string) {
	n := len(w.Names())
	for from := range n {
		for to := range n {
			if from != to {
				all = append(all, fmt.Sprintf("%d>%d", from, to))
			}
		}
	}
	for m := range n {
		all = append(all, fmt.Sprintf("c3>%d", m), fmt.Sprintf("%d>c3", m))
	}
	return all
}

// passes sends a byte over a link, on a connection that lasts as long as the test.
func passes(t *testing.T, l *network.Link) bool {
	here, there := net.Pipe()
	conn := network.Wrap(here, l, new(network.Link))
	t.Cleanup(func() { _, _ = conn.Close(), there.Close() })
	var came atomic.Bool
	go func() {
		_, err := io.ReadFull(there, make([]byte, 1))
		came.Store(err == nil)
	}()
	_, _ = conn.Write([]byte{1})
	synctest.Wait()
	return came.Load()
}

// inject does harm under a context that has ended by the time of the heal, as the harness's has.
func inject(t *testing.T, fault nemesis.Fault, target nemesis.Target) nemesis.Injected {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	injected, err := fault.Inject(ctx, target)
	if err != nil {
		t.Fatalf("inject: %v", err)
	}
	return injected
}

func wantTo(t *testing.T, injected nemesis.Injected, want string) {
	t.Helper()
	if injected.To != want {
		t.Errorf("injected to %q, want %q", injected.To, want)
	}
}

// wantHealed heals without an error.
func wantHealed(t *testing.T, injected nemesis.Injected, want nemesis.Evidence) {
	t.Helper()
	wantHealedBut(t, injected, want, "")
}

// wantHealedBut heals with an error, and tells what was seen all the same.
func wantHealedBut(t *testing.T, injected nemesis.Injected, want nemesis.Evidence, wantErr string) {
	t.Helper()
	got, err := injected.Heal(t.Context())
	if err == nil && wantErr != "" || err != nil && err.Error() != wantErr {
		t.Errorf("heal: error %v, want %q", err, wantErr)
	}
	if got != want {
		t.Errorf("evidence %+v, want %+v", got, want)
	}
}

// wantRefused injects what must fail.
func wantRefused(t *testing.T, fault nemesis.Fault, target nemesis.Target, want string) {
	t.Helper()
	injected, err := fault.Inject(t.Context(), target)
	if err == nil || err.Error() != want {
		t.Errorf("inject: error %v, want %q", err, want)
	}
	if injected.Heal != nil {
		t.Error("an injection that failed asks to be healed")
	}
}

// wantTooLate injects when there is no time left: nothing may happen.
func wantTooLate(t *testing.T, w *world, fault nemesis.Fault, target nemesis.Target) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fault.Inject(ctx, target); !errors.Is(err, context.Canceled) {
		t.Errorf("inject too late: error %v", err)
	}
	w.wantDone(t)
	w.wantCut(t, "")
}

func seen(what string) nemesis.Evidence   { return nemesis.Evidence{Observed: true, What: what} }
func unseen(what string) nemesis.Evidence { return nemesis.Evidence{What: what} }

// bubble is a test in a time of its own.
func bubble(t *testing.T, name string, f func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// injection is one of a fault among three or five members, m1 leading term 4, and all that it must come
// to.
type injection struct {
	fault   nemesis.Fault
	members int
	role    nemesis.Role
	pick    int
	lease   string // "none": the victim has none
	to      string
	did     []string
	cut     string
	silent  bool // nobody sends anything meanwhile
	then    func(*world)
	want    nemesis.Evidence
	undid   []string
}

func (c injection) run(t *testing.T) {
	c.runOnce(t)
	w := members(c.members)
	wantTooLate(t, w, c.fault, w.target(c.role))
}

func (c injection) runOnce(t *testing.T) {
	w := members(c.members)
	target := w.target(c.role)
	target.Pick = c.pick
	if c.lease == "none" {
		target.Victim.Lease = 0
	}
	injected := inject(t, c.fault, target)
	wantTo(t, injected, c.to)
	w.wantDone(t, c.did...)
	if !c.silent {
		w.wantCut(t, c.cut)
	}
	if c.then != nil {
		c.then(w)
	}
	wantHealed(t, injected, c.want)
	w.wantDone(t, c.undid...)
	w.wantCut(t, "")
}

func (w *world) m2LeadsTerm5() { w.elect(2, 5) }

func (w *world) leaseLives() { w.set(func() { w.alive = true }) }

func (w *world) leaseIsUnknown() { w.set(func() { w.fail["ask for 4f0a"] = errBroken }) }
