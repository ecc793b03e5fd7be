package nemesis_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lockquake/harness/nemesis"
)

// endpoints are members with names, as those of a cluster that somebody else runs.
type endpoints struct{ *world }

func (e endpoints) Names() []string { return []string{"a:1", "b:2", "c:3"}[:len(e.world.Names())] }

func hookTarget(role nemesis.Role) nemesis.Target {
	w := members(3)
	t := w.target(role)
	t.Members = endpoints{w}
	return t
}

const tellAll = `echo "$LOCKQUAKE_RUN endpoints=$LOCKQUAKE_ENDPOINTS leader=$LOCKQUAKE_LEADER member=$LOCKQUAKE_MEMBER ` +
	`holder=$LOCKQUAKE_HOLDER waiter=$LOCKQUAKE_WAITER key=$LOCKQUAKE_KEY lease=$LOCKQUAKE_LEASE"`

func TestHookTellsCommandsWhatIsStruck(t *testing.T) {
	const all = "r1 endpoints=a:1,b:2,c:3 leader=b:2 "
	for role, want := range map[nemesis.Role]struct{ to, said string }{
		nemesis.Holder: {holderOfLease, "member= holder=c3 waiter= key=k1 lease=0000000000004f0a"},
		nemesis.Waiter: {"c3, waiter of k1 under lease 4f0a", "member= holder= waiter=c3 key=k1 lease=0000000000004f0a"},
		nemesis.Leader: {"m1 leads term 4", "member=b:2 holder= waiter= key= lease="},
		nemesis.All:    {"m0 m1 m2, m1 leads term 4", "member=a:1,b:2,c:3 holder= waiter= key= lease="},
		"":             {"whom the command strikes", "member= holder= waiter= key= lease="},
	} {
		hook := nemesis.Hook{InjectCmd: tellAll, HealCmd: tellAll + " >&2", Environment: []string{"LOCKQUAKE_RUN=r1"}}
		injected := inject(t, hook, hookTarget(role))
		wantTo(t, injected, want.to)
		said := `"` + all + want.said + `"`
		wantHealed(t, injected, seen("inject-cmd said "+said+"; heal-cmd said "+said))
	}
}

func TestHookWithoutALeaderOrAHealCommand(t *testing.T) {
	target := hookTarget("")
	target.Members.(endpoints).believe(belief{leader: -1}, belief{leader: -1}, belief{leader: -1})
	injected := inject(t, nemesis.Hook{InjectCmd: "echo leader=$LOCKQUAKE_LEADER"}, target)
	wantHealed(t, injected, seen(`inject-cmd said "leader="`))
}

func TestHookWithoutACommandIsRefused(t *testing.T) {
	wantRefused(t, nemesis.Hook{HealCmd: "true"}, hookTarget(""), "hook: there is no command to inject with")
}

// What a command that failed may have done is undone at once.
func TestFailedInjectCommandIsHealed(t *testing.T) {
	healed := filepath.Join(t.TempDir(), "healed")
	hook := nemesis.Hook{InjectCmd: "echo half done; echo no such machine >&2; exit 3", HealCmd: "touch " + healed}
	wantRefused(t, hook, hookTarget(""), `inject-cmd: exit status 3; it said "half done\nno such machine"`)
	if _, err := os.Stat(healed); err != nil {
		t.Errorf("not healed: %v", err)
	}
	hook.HealCmd = "exit 4"
	wantRefused(t, hook, hookTarget(""), `inject-cmd: exit status 3; it said "half done\nno such machine"`+"\nheal-cmd: exit status 4")
}

func TestFailedHealCommandIsAnError(t *testing.T) {
	injected := inject(t, nemesis.Hook{InjectCmd: "true", HealCmd: "echo stuck; false"}, hookTarget(""))
	wantHealedBut(t, injected, unseen(`heal-cmd said "stuck"`), `heal-cmd: exit status 1; it said "stuck"`)
}

// Whoever interrupts a run does not interrupt its healing.
func TestHookHealsAlthoughInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	healed := filepath.Join(t.TempDir(), "healed")
	injected, err := nemesis.Hook{InjectCmd: "true", HealCmd: "touch " + healed}.Inject(ctx, hookTarget(""))
	if err != nil {
		t.Fatal(err)
	}
	interrupt()
	if _, err := injected.Heal(ctx); err != nil {
		t.Errorf("heal: %v", err)
	}
	if _, err := os.Stat(healed); err != nil {
		t.Errorf("not healed: %v", err)
	}
}

func TestInterruptedInjectCommandIsHealed(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	path, begun := fifo(t)
	healed := filepath.Join(t.TempDir(), "healed")
	hook := nemesis.Hook{InjectCmd: "echo begun >" + path + "; sleep 600", HealCmd: "touch " + healed}
	done := make(chan error, 1)
	go func() {
		_, err := hook.Inject(ctx, hookTarget(""))
		done <- err
	}()
	if err := <-begun; err != nil {
		t.Error(err)
	}
	interrupt()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := os.Stat(healed); err != nil {
		t.Errorf("not healed: %v", err)
	}
}

// fifo is a file that is read to its end when the last process that writes it has ended.
func fifo(t *testing.T) (path string, ended <-chan error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := os.ReadFile(path)
		done <- err
	}()
	return path, done
}

// At its deadline a command goes with all that it has started.
func TestHookIsKilledAtItsDeadline(t *testing.T) {
	path, ended := fifo(t)
	hook := nemesis.Hook{
		InjectCmd: "exec 3>" + path + "; echo begun; (sleep 600) & sleep 600",
		HealCmd:   "sleep 600",
		Timeout:   200 * time.Millisecond,
	}
	_, err := hook.Inject(t.Context(), hookTarget(""))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `killed after at most 200ms: context deadline exceeded; it said "begun"`) ||
		!strings.Contains(err.Error(), "\nheal-cmd: killed after at most 200ms") {
		t.Errorf("commands without an end: %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A command that leaves something running, which may hold its output open, is not waited for.
func TestHookMayLeaveSomethingRunning(t *testing.T) {
	path, ended := fifo(t)
	hook := nemesis.Hook{
		InjectCmd: "exec 3>" + path + "; sleep 600 & echo $! >" + path + ".pid; echo done",
		HealCmd:   "kill $(cat " + path + ".pid)",
	}
	injected := inject(t, hook, hookTarget(""))
	select {
	case err := <-ended:
		t.Errorf("what the command left running was ended (%v)", err)
	default:
	}
	wantHealed(t, injected, seen(`inject-cmd said "done"`))
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestHookOutputIsBounded(t *testing.T) {
	injected := inject(t, nemesis.Hook{InjectCmd: "yes | head -c 10000"}, hookTarget(""))
	evidence, err := injected.Heal(t.Context())
	if err != nil || len(evidence.What) > 10000 || !strings.Contains(evidence.What, "... and 5904 bytes more") {
		t.Errorf("%d bytes of evidence, %v", len(evidence.What), err)
	}
}

func TestHookIsToldWhoHoldsTheLock(t *testing.T) {
	target := hookTarget(nemesis.Leader)
	target.Held = nemesis.Victim{Role: nemesis.Holder, Client: 4, Key: "k0", Lease: 0x17}
	injected := inject(t, nemesis.Hook{InjectCmd: "echo $LOCKQUAKE_MEMBER $LOCKQUAKE_HOLDER $LOCKQUAKE_KEY $LOCKQUAKE_LEASE"}, target)
	wantHealed(t, injected, seen(`inject-cmd said "b:2 c4 k0 0000000000000017"`))
}
