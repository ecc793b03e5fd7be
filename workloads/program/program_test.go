package program_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lockquake/workloads/lock"
	"lockquake/workloads/program"
)

func TestMain(m *testing.M) {
	beParent()
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of these tests; none of them is expected to use it up.
const patience = 20 * time.Second

// loop is a program that answers each request by what answers has for its op, in sh, where $n is the id; any other
// one, and init, by ok.
func loop(answers string) string {
	return `ok() { echo "{\"id\":$n,\"ok\":true$1}"; }; fail() { echo "{\"id\":$n,\"error\":\"no\"$1}"; }
n=0; while read -r line; do n=$((n+1)); echo "$line" >>heard; case $line in *init*) echo $$ >pid; ok;; ` + answers + ` *) ok;; esac; done`
}

const holds = `*acquire*) ok ",\"token\":$n,\"key\":\"k\",\"lease\":\"9007199254740993\"";;`

// bed is where a program runs: a folder that it is started in.
type bed struct {
	testing.TB
	dir string
	env lock.Env
}

func newBed(t testing.TB) *bed {
	b := &bed{TB: t, dir: t.TempDir()}
	b.env = lock.Env{
		Name: "locks/k0", TTL: time.Second, ClientID: "c0", Dir: b.dir,
		Endpoints: func(context.Context) ([]string, error) { return []string{"127.0.0.1:1"}, nil },
	}
	return b
}

func (b *bed) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	b.Cleanup(cancel)
	return ctx
}

func (b *bed) open(command string) (lock.Lock, error) {
	return program.Strategy("cd '"+b.dir+"'; "+command)(b.within(patience), b.env)
}

// opened must answer init. It is closed with the test, and must leave no process.
func (b *bed) opened(command string) lock.Lock {
	b.Helper()
	l, err := b.open(command)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = l.Close()
		b.gone()
	})
	return l
}

func (b *bed) acquire(l lock.Lock) lock.Hold {
	b.Helper()
	hold, err := l.Acquire(b.within(patience))
	if err != nil {
		b.Fatal(err)
	}
	return hold
}

// read gives what is in a file of the program's.
func (b *bed) read(name string) string {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (b *bed) write(name string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), nil, 0o644); err != nil {
		b.Fatal(err)
	}
}

// gone fails the test if any process of the program's group is left.
func (b *bed) gone() {
	b.Helper()
	group, err := strconv.Atoi(b.read("pid"))
	if err != nil {
		b.Fatal(err)
	}
	b.eventually("its processes to be gone", func() bool { return !lives(group) })
}

func (b *bed) eventually(what string, holds func() bool) {
	b.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			b.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// appears waits for a file of the program's.
func (b *bed) appears(name string) {
	b.Helper()
	b.eventually("file "+name, func() bool { _, err := os.Stat(filepath.Join(b.dir, name)); return err == nil })
}

func closes(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// contains fails the test unless an error says all of it.
func contains(t testing.TB, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v does not say %q", err, part)
		}
	}
}

func TestConversation(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	l := b.opened(loop(holds))
	hold := b.acquire(l)
	if hold.Token != 2 || hold.Key != "k" || hold.Lease != 9007199254740993 || isClosed(hold.Lost) {
		t.Errorf("held %+v", hold)
	}
	if err := hold.Release(context.Background()); err != nil {
		t.Error(err)
	}
	if again := b.acquire(l); again.Token != 4 {
		t.Errorf("token %d of the second hold, want 4", again.Token)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	want := `{"id":1,"op":"init","name":"locks/k0","ttl_ms":1000,"client_id":"c0","endpoints":["127.0.0.1:1"]`
	heard := strings.Split(b.read("heard"), "\n")
	if len(heard) != 4 || !strings.HasPrefix(heard[0], want) || heard[2] != `{"id":3,"op":"release"}` {
		t.Errorf("it was told\n%s", strings.Join(heard, "\n"))
	}
	if _, ok := l.(lock.Program); !ok || lock.AbilitiesOf(l) != 0 {
		t.Errorf("a program: %v, with the abilities %v", ok, lock.AbilitiesOf(l))
	}
}

func TestRequestsSayHowLongTheCallerWaits(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	l := b.opened(loop(holds))
	if _, err := l.Acquire(b.within(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if heard := b.read("heard"); !strings.Contains(heard, `{"id":2,"op":"acquire","timeout_ms":59`) {
		t.Errorf("it was told\n%s", heard)
	}
}

func TestErrorsSayWhetherTheyAreDefinite(t *testing.T) {
	for answer, want := range map[string][]error{
		`fail`:                       {},
		`fail ",\"definite\":false"`: {},
		`fail ",\"definite\":true"`:  {lock.ErrDefinite},
		`fail ",\"not_held\":true"`:  {lock.ErrDefinite, lock.ErrNotHeld},
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			hold := b.acquire(b.opened(loop(`*release*) ` + answer + `;;`)))
			err := hold.Release(context.Background())
			if err == nil || !strings.HasSuffix(err.Error(), "no") {
				t.Fatalf("released: %v", err)
			}
			for _, kind := range []error{lock.ErrDefinite, lock.ErrNotHeld} {
				if errors.Is(err, kind) != slices.Contains(want, kind) {
					t.Errorf("%v is %v: %v", err, kind, errors.Is(err, kind))
				}
			}
		})
	}
}

// What a program must not say ends it, and the error shows it. The last ones are the twins that it may say.
func TestBreaches(t *testing.T) {
	for says, want := range map[string][]string{
		`echo hello`:                    {`"hello"`, "what is no answer"},
		`echo; ok`:                      {"an empty line"},
		`printf '\377\n'`:               {`"ff"`},
		`echo '[1]'`:                    {`"[1]"`},
		`echo "{\"id\":7,\"ok\":true}"`: {`{\"id\":7,\"ok\":true}`, "request 7 is not waiting"},
		`echo "{\"id\":1,\"ok\":true}"`: {"request 1 is not waiting"},
		`ok; ok; read -r line`:          {"request 2 is not waiting"},
		`ok ",\"tokn\":1"`:              {"tokn"},
		`ok ",\"token\":1.5"`:           {"1.5 is no integer"},
		`ok ",\"error\":\"no\""`:        {`either "ok":true or an error`},
		`echo "{\"id\":$n}"`:            {`either "ok":true or an error`},
		`echo "{\"ok\":true}"`:          {"neither an id"},
		`ok ",\"event\":\"lost\""`:      {"and an event"},
		`ok "} {\"id\":$n"`:             {"more on the line"},
		`echo '{"event":"renewed"}'`:    {`no event "renewed"`},
		`echo '{"event":"renew","lease":1,"ttl_ms":1000}'`: {"sent_unix_ms"},
		`head -c 70000 /dev/zero | tr '\0' x`:              {"more than 65536 bytes"},
		`exec >&-; sleep 100`:                              {"closed its standard output"},
		`echo why >&2; exit 3`:                             {"exit status 3", "why", "program-c0-k0.log"},
		`kill -9 $$`:                                       {"signal: killed"},

		`echo '{"event":"lost"}'; ok`:                                           nil,
		`echo '{"event":"renew","lease":1,"ttl_ms":1000,"sent_unix_ms":5}'; ok`: nil,
		`echo hello >&2; ok`:                                                    nil,
		`printf '{"id":%d,"error":"%60000s","definite":true}\n' $n x`:           {"   x"},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			l := b.opened(loop(`*acquire*) ` + says + `;;`))
			hold, err := l.Acquire(b.within(patience))
			if says == `ok; ok; read -r line` && err == nil {
				closes(t, "its end", hold.Lost)
				_, err = l.Acquire(b.within(patience))
			}
			if want == nil && err != nil {
				t.Error(err)
			}
			if want != nil {
				contains(t, err, append(want, "program ")...)
			}
		})
	}
}

func TestEndedProgramStaysSo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	l := b.opened(loop(`*release*) echo early >&2; exit 4;;` + holds))
	hold := b.acquire(l)
	err := hold.Release(context.Background())
	contains(t, err, "exit status 4", "early")
	if errors.Is(err, lock.ErrDefinite) {
		t.Errorf("a release that the program took: %v", err)
	}
	closes(t, "the loss of what it held", hold.Lost)
	for range 2 {
		_, err := l.Acquire(b.within(patience))
		contains(t, err, "exit status 4")
		if !errors.Is(err, lock.ErrDefinite) {
			t.Errorf("an acquire that the program cannot have seen: %v", err)
		}
	}
	contains(t, l.Close(), "exit status 4")
}

func TestOpenSaysWhyNot(t *testing.T) {
	for command, want := range map[string][]string{
		`no-such-command`: {"exit status 127", "no-such-command"},
		`exit 0`:          {"exit status 0", "no last words"},
		`read line; echo '{"id":1,"error":"my word"}'; cat`: {"my word"},
		`echo '{"id":9,"ok":true}'; cat`:                    {"request 9 is not waiting"},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			l, err := b.open("echo $$ >pid; " + command)
			if err == nil {
				_ = l.Close()
			}
			contains(t, err, want...)
			b.gone()
		})
	}
}

func TestProgramThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	l := b.opened(`read -r line; echo $$ >pid; echo '{"id":1,"ok":true}'; exec <&-; : >deaf; sleep 1000`)
	b.appears("deaf")
	_, err := l.Acquire(b.within(patience))
	contains(t, err, "cannot be asked")
	if !errors.Is(err, lock.ErrDefinite) {
		t.Errorf("an acquire that nobody has read: %v", err)
	}
}

func TestOpenDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		b.appears("pid")
		cancel()
	}()
	_, err := program.Strategy("cd '"+b.dir+"'; echo $$ >pid.new; mv pid.new pid; cat >heard")(ctx, b.env)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("opened: %v", err)
	}
	b.gone()
}

func TestLostEndsTheHold(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	l := b.opened(loop(holds + `*release*) echo '{"event":"lost"}'; ok; echo '{"event":"lost"}';;`))
	first := b.acquire(l)
	if isClosed(first.Lost) {
		t.Error("lost from the start")
	}
	if err := first.Release(context.Background()); err != nil {
		t.Error(err)
	}
	closes(t, "the loss to be told", first.Lost)
	if second := b.acquire(l); isClosed(second.Lost) {
		t.Error("the loss of one hold ended the next")
	}
}

// told is what an Env was told of a lease.
type told struct {
	op    string
	lease int64
	ttl   time.Duration
	sent  time.Time
}

func TestRenewIsPassedOn(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	var all []told
	note := func(op string) func(int64, time.Duration, time.Time) {
		return func(lease int64, ttl time.Duration, sent time.Time) { all = append(all, told{op, lease, ttl, sent}) }
	}
	b.env.Granted, b.env.Renewed = note("granted"), note("renewed")
	before := time.Now().Add(-time.Second).Truncate(time.Millisecond)
	renew := func(lease int, sent time.Time) string {
		return fmt.Sprintf(`echo '{"event":"renew","lease":"%d","ttl_ms":1500,"sent_unix_ms":%d}';`, lease, sent.UnixMilli())
	}
	l := b.opened(loop(`*acquire*)` + renew(7, before) + renew(7, before) + renew(8, before.Add(time.Hour)) + `ok;;`))
	b.acquire(l)
	if len(all) != 3 || all[0].op != "granted" || all[1].op != "renewed" || all[2].op != "granted" {
		t.Fatalf("told of %+v", all)
	}
	if first := all[0]; first.lease != 7 || first.ttl != 1500*time.Millisecond || first.sent.Sub(before).Abs() > 5*time.Millisecond {
		t.Errorf("told of %+v, sent at %v", first, before)
	}
	if ahead := all[2].sent; ahead.After(time.Now()) {
		t.Errorf("sent at %v, which is not past", ahead)
	}
}

// An acquire that nobody waits for any more, and that succeeds all the same, is given back.
func TestAcquireThatWasGivenUp(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	l := b.opened(loop(`*acquire*) [ -e begun ] || { : >begun; while [ ! -e go ]; do sleep 0.01; done; }; ok;;`))
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		b.appears("begun")
		giveUp()
	}()
	if _, err := l.Acquire(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, lock.ErrDefinite) {
		t.Errorf("given up: %v", err)
	}
	if _, err := l.Acquire(b.within(10 * time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, lock.ErrDefinite) {
		t.Errorf("asked before it has answered: %v", err)
	}
	b.write("go")
	b.acquire(l)
	var ops []string
	for line := range strings.SplitSeq(b.read("heard"), "\n") {
		ops = append(ops, strings.Split(line, `"`)[5])
	}
	if got := strings.Join(ops, " "); got != "init acquire release acquire" {
		t.Errorf("it was asked to %s", got)
	}
}

func TestPausedProgramTakesNoStep(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	l := b.opened(loop(holds))
	running := l.(lock.Program)
	if err := running.Pause(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Acquire(b.within(100 * time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lock.ErrDefinite) {
		t.Errorf("a program that stands still: %v", err)
	}
	if err := running.Resume(); err != nil {
		t.Fatal(err)
	}
	b.acquire(l)
}

func TestKillLeavesNothing(t *testing.T) {
	for name, harm := range map[string]func(lock.Program) error{
		"running": func(lock.Program) error { return nil },
		"paused":  lock.Program.Pause,
		"killed":  lock.Program.Kill,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			l := b.opened(`trap '' TERM; sleep 1000 & ` + loop(holds))
			hold := b.acquire(l)
			running := l.(lock.Program)
			if err := errors.Join(harm(running), running.Kill()); err != nil {
				t.Error(err)
			}
			b.gone()
			closes(t, "the loss of what it held", hold.Lost)
			if err := errors.Join(l.Close(), running.Pause(), running.Resume()); err != nil {
				t.Errorf("of one that was killed: %v", err)
			}
		})
	}
}

func TestClose(t *testing.T) {
	for name, c := range map[string]struct{ before, after, want string }{
		"ends with its input":        {"", "", ""},
		"leaves others behind":       {"sleep 1000 &", "", ""},
		"with them in its pipes":     {"", "sleep 1000 & exit 0", ""},
		"fails in the end":           {"", "echo sorry >&2; exit 5", "exit status 5; its last words"},
		"speaks when it is too late": {"", "echo bye", `"bye"`},
		"goes on until SIGTERM":      {"", "sleep 1000", "but by SIGTERM"},
		"goes on, whatever it hears": {"trap '' TERM;", "while :; do sleep 1; done", "it was killed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			l := b.opened(c.before + loop(holds) + ";" + c.after)
			b.acquire(l)
			err := l.Close()
			if c.want == "" && err != nil {
				t.Error(err)
			}
			if c.want != "" {
				contains(t, err, c.want)
			}
			b.gone()
		})
	}
}

func TestLogsAreKept(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, life := range []string{"first", "second"} {
		l, err := b.open(`echo ` + life + ` >&2; ` + loop(`*acquire*) exit 1;;`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Acquire(b.within(patience))
		contains(t, err, life)
		if life == "second" && strings.Contains(err.Error(), "first") {
			t.Errorf("the last words of another: %v", err)
		}
		_ = l.Close()
	}
	if got := b.read("program-c0-k0.log"); got != "first\nsecond" {
		t.Errorf("logged %q", got)
	}
	b.env.Dir = ""
	l := b.opened(`echo third >&2; ` + loop(`*acquire*) exit 1;;`))
	_, err := l.Acquire(b.within(patience))
	contains(t, err, "third")
}
