package nemesis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"lockquake/harness/nemesis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// belief is what a member says of leadership, or said before it went down.
type belief struct {
	leader int
	term   uint64
	down   bool
}

// world is all that faults can act on. It notes what they do, in order, and answers as a test wants.
// Like the real one, it refuses requests whose context has ended.
type world struct {
	did []string

	beliefs             []belief
	undone              []belief // takes the place of beliefs when a member is given back to its peers
	killErr, restartErr error
	held                int64 // bytes that any link held
	stopped             bool  // a paused process reached its next step

	revision            int64 // of a revoke
	alive               bool  // the lease, whatever was done to it
	revokeErr, aliveErr error
}

func (w *world) note(format string, args ...any) {
	w.did = append(w.did, fmt.Sprintf(format, args...))
}

// wantDone checks what was done since the last time.
func (w *world) wantDone(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(w.did, want) {
		t.Errorf("done: %q, want %q", w.did, want)
	}
	w.did = nil
}

func (w *world) Names() []string { return make([]string, len(w.beliefs)) }

func (w *world) Believes(member int) (leader int, term uint64, running bool) {
	b := w.beliefs[member]
	return b.leader, b.term, !b.down
}

func (w *world) Kill(member int) error {
	w.note("kill m%d", member)
	return w.killErr
}

func (w *world) Restart(ctx context.Context, member int) error {
	w.note("restart m%d", member)
	w.beliefs = w.undone
	return errors.Join(w.restartErr, ctx.Err())
}

func (w *world) HoldPeers(member int) { w.note("hold peers of m%d", member) }

func (w *world) PassPeers(member int) int64 {
	w.note("pass peers of m%d", member)
	w.beliefs = w.undone
	return w.held
}

func (w *world) Cut(client int)         { w.note("cut c%d", client) }
func (w *world) Mend(client int) int64  { w.note("mend c%d", client); return w.held }
func (w *world) Pause(client int)       { w.note("pause c%d", client) }
func (w *world) Resume(client int) bool { w.note("resume c%d", client); return w.stopped }
func (w *world) Linger(client int)      { w.note("linger c%d", client) }
func (w *world) Leave(client int)       { w.note("leave c%d", client) }

func (w *world) Revoke(ctx context.Context, id clientv3.LeaseID) (int64, error) {
	w.note("revoke %x", int64(id))
	return w.revision, errors.Join(w.revokeErr, ctx.Err())
}

func (w *world) Alive(ctx context.Context, id clientv3.LeaseID) (bool, error) {
	w.note("ask for %x", int64(id))
	return w.alive, errors.Join(w.aliveErr, ctx.Err())
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
	got, err := injected.Heal(t.Context())
	if err != nil {
		t.Errorf("heal: %v", err)
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

func seen(what string) nemesis.Evidence   { return nemesis.Evidence{Observed: true, What: what} }
func unseen(what string) nemesis.Evidence { return nemesis.Evidence{What: what} }

var (
	leased   = nemesis.Holder{Client: 3, Key: "k1", Lease: 0x4f0a}
	unleased = nemesis.Holder{Client: 3, Key: "k1"}
)
