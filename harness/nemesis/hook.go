package nemesis

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Limits of the user's commands.
const (
	hookTimeout = 10 * time.Second // unless Hook gives another
	hookOutput  = 4 << 10          // bytes of what a command says that are kept
	hookDrain   = time.Second      // how long the output of one that has ended is waited for
)

// Hook does harm by commands of the user's, each run by sh. They learn from their environment
//
//	LOCKQUAKE_ENDPOINTS  the members' names, with commas
//	LOCKQUAKE_LEADER     the one that leads, empty where none of these does
//	LOCKQUAKE_MEMBER     those that the plan strikes, with commas
//	LOCKQUAKE_HOLDER     the client that holds the lock, c3: the one that the plan strikes, if it strikes one
//	LOCKQUAKE_WAITER     the client that the plan strikes, if it waits for the lock
//	LOCKQUAKE_KEY        the lock's key
//	LOCKQUAKE_LEASE      the client's lease, as etcdctl writes it
//
// and what Environment adds. What does not apply is empty.
type Hook struct {
	InjectCmd, HealCmd string
	// Timeout bounds each command; at its end all that the command has started is killed. 0: 10 s.
	Timeout time.Duration
	// Environment is of the run: LOCKQUAKE_RUN=..., LOCKQUAKE_FAULT=...
	Environment []string
}

// Requires a cluster that has hooks.
func (Hook) Requires() Requirements { return Requirements{Abilities: RunHooks} }

// Lasts is until leases that the harm keeps from being renewed have ended.
func (Hook) Lasts(ttl time.Duration) time.Duration { return pastLeases(ttl) }

// Inject runs the command that does harm, and heals at once where that fails. Its evidence is that
// both commands say that all went well, and what else they say.
func (h Hook) Inject(ctx context.Context, t Target) (Injected, error) {
	if h.InjectCmd == "" {
		return Injected{}, errors.New("hook: there is no command to inject with")
	}
	to, environment, err := hookTarget(ctx, t)
	if err != nil {
		return Injected{}, fmt.Errorf("hook: %w", err)
	}
	environment = append(environment, h.Environment...)
	did, err := h.run(ctx, h.InjectCmd, environment)
	if err != nil {
		_, undo := h.heal(ctx, environment)
		return Injected{}, errors.Join(fmt.Errorf("inject-cmd: %w", err), undo)
	}
	heal := func(ctx context.Context) (Evidence, error) {
		undid, err := h.heal(ctx, environment)
		return Evidence{Observed: err == nil, What: words(quoted("inject-cmd", did), quoted("heal-cmd", undid))}, err
	}
	return Injected{To: to, Heal: heal}, nil
}

// heal is cut short by nothing but its own timeout: what the user's command has done, nobody else undoes.
func (h Hook) heal(ctx context.Context, environment []string) (said string, err error) {
	if h.HealCmd == "" {
		return "", nil
	}
	if said, err = h.run(context.WithoutCancel(ctx), h.HealCmd, environment); err != nil {
		return said, fmt.Errorf("heal-cmd: %w", err)
	}
	return said, nil
}

// run gives what a command said, also in its error.
func (h Hook) run(ctx context.Context, command string, environment []string) (said string, err error) {
	limit := cmp.Or(h.Timeout, hookTimeout)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var output head
	sh := exec.CommandContext(ctx, "sh", "-c", command)
	sh.Env = append(os.Environ(), environment...)
	sh.Stdout, sh.Stderr = &output, &output
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // also keeps Ctrl-C from it
	sh.Cancel = func() error { return syscall.Kill(-sh.Process.Pid, syscall.SIGKILL) }
	sh.WaitDelay = hookDrain
	err = sh.Run()
	switch said = output.String(); {
	case ctx.Err() != nil && err != nil:
		return said, fmt.Errorf("killed after at most %v: %w%s", limit, ctx.Err(), quoted("; it", said))
	case errors.Is(err, exec.ErrWaitDelay): // it left something running that may write on
		return said, nil
	case err != nil:
		return said, fmt.Errorf("%w%s", err, quoted("; it", said))
	}
	return said, nil
}

func quoted(who, said string) string {
	if said == "" {
		return ""
	}
	return fmt.Sprintf("%s said %q", who, said)
}

// head keeps the first bytes of what is written to it.
type head struct {
	kept bytes.Buffer
	lost int
}

func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), hookOutput-h.kept.Len())
	h.kept.Write(p[:n])
	h.lost += len(p) - n
	return len(p), nil
}

func (h *head) String() string {
	said := strings.TrimSpace(h.kept.String())
	if h.lost > 0 {
		said += fmt.Sprintf(" ... and %d bytes more", h.lost)
	}
	return said
}

// hookTarget says whom the plan wants struck, in words and to a command.
func hookTarget(ctx context.Context, t Target) (to string, environment []string, err error) {
	if t.Role.OfClient() {
		leader, _ := leaderOf(t.Members)
		return t.Victim.String(), hookEnvironment(t, struck{leader: leader}), t.findVictim(ctx)
	}
	if t.Role == "" {
		leader, _ := leaderOf(t.Members)
		return "whom the command strikes", hookEnvironment(t, struck{leader: leader}), ctx.Err()
	}
	s, err := t.members(ctx)
	return s.String(), hookEnvironment(t, s), err
}

func hookEnvironment(t Target, s struck) []string {
	holder, waiter, lease, client := "", "", "", t.Victim
	if !t.Role.OfClient() {
		client = t.Held
	}
	switch name := fmt.Sprintf("c%d", client.Client); client.Role {
	case Holder:
		holder = name
	case Waiter:
		waiter = name
	}
	if client.Lease != 0 {
		lease = fmt.Sprintf("%016x", int64(client.Lease))
	}
	leader := ""
	if s.leader.member != nobody {
		leader = t.Members.Names()[s.leader.member]
	}
	return []string{
		"LOCKQUAKE_ENDPOINTS=" + strings.Join(t.Members.Names(), ","),
		"LOCKQUAKE_LEADER=" + leader,
		"LOCKQUAKE_MEMBER=" + namesOf(t.Members, s.members),
		"LOCKQUAKE_HOLDER=" + holder,
		"LOCKQUAKE_WAITER=" + waiter,
		"LOCKQUAKE_KEY=" + client.Key,
		"LOCKQUAKE_LEASE=" + lease,
	}
}

func namesOf(all Members, members []int) string {
	chosen := make([]string, len(members))
	for i, m := range members {
		chosen[i] = all.Names()[m]
	}
	return strings.Join(chosen, ",")
}
