package edn

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"lockquake/checker/history"
)

// Write writes what happened to one lock as Jepsen writes its histories, a map a line: acquires and
// releases, and as :nemesis the injections. A lock has a file of its own, because a Jepsen history of
// a mutex is about one.
//
// What ended a hold without a release is written as the release that it stands for. A process that
// noticed the loss gave the lock back with the next release it tried, or failed to (:fail); one that
// crashed may have lost it at any time (:info). Reading that back gives the same holds.
//
// What was not acquired alone says so by :mode (:shared, :nested, :tried or :queued), and so does the release of
// a nested hold; tools that do not look at it take all for a mutex. A nested hold of which an end is not known is
// left out: with that Jepsen's process would end, while ours goes on to hold. A semaphore is refused, by
// ErrSemaphore.
func Write(w io.Writer, h *history.History, key string) error {
	if n := h.Header.Permits; n > 1 {
		return fmt.Errorf("write EDN: %s: %w of %d permits, and a history of Jepsen's cannot say so: its lock is held by one", key, ErrSemaphore, n)
	}
	t := transcript{h: h, key: key, outer: h.Nesting()}
	t.sort()
	t.losses()
	t.operations()
	t.injections()
	t.observations()
	return t.write(w)
}

// ErrSemaphore is wrapped by the error of Write for a lock that several may hold.
var ErrSemaphore = errors.New("it is a semaphore")

// half is a line: the beginning or the end of an operation.
type half struct {
	seq     int64
	at      time.Duration
	types   types
	process int32
	name    string
	value   string // in EDN
	mode    history.Mode
	err     string
}

type transcript struct {
	h     *history.History
	key   string
	lines []half
	acts  map[int32][]*history.Operation // acquires and releases of the lock, by their process
	given map[*history.Operation]bool    // the releases that are written as part of a loss
	outer map[history.OpID]history.OpID  // of nested acquires
}

// sort finds the acquires and releases of the lock. The process of a release is that of the acquire, and that of
// what is nested is that of the outer acquire: one that was retired in between, by a write without an answer, is
// none that Jepsen's tools see.
func (t *transcript) sort() {
	t.acts, t.given = map[int32][]*history.Operation{}, map[*history.Operation]bool{}
	vague := t.vague()
	for i := range t.h.Ops {
		o := &t.h.Ops[i]
		if o.Key == t.key && (o.Op == history.Acquire || o.Op == history.Release) && !vague[o.Hold] {
			t.acts[t.process(o)] = append(t.acts[t.process(o)], o)
		}
	}
}

// vague are the nested acquires which came out unknown themselves, or whose releases did.
func (t *transcript) vague() map[history.OpID]bool {
	vague := map[history.OpID]bool{}
	for i := range t.h.Ops {
		if o := &t.h.Ops[i]; o.Outcome == history.Unknown && t.mode(o) == history.Nested {
			vague[o.Hold] = true
		}
	}
	return vague
}

// mode is that of an acquire, or Nested for a release of what was nested.
func (t *transcript) mode(o *history.Operation) history.Mode {
	if a := t.h.Find(o.Hold); o.Op == history.Release && a != nil && a.Mode == history.Nested {
		return history.Nested
	}
	return o.Mode
}

func (t *transcript) process(o *history.Operation) int32 {
	a := t.h.Find(o.Hold)
	if a != nil && t.outer[a.ID()] != 0 {
		a = t.h.Find(t.outer[a.ID()])
	}
	if a == nil {
		return o.Process
	}
	return a.Process
}

func (t *transcript) operations() {
	for process, acts := range t.acts {
		for _, o := range acts {
			if !t.given[o] {
				t.operation(o, process)
			}
		}
	}
}

func (t *transcript) injections() {
	for i := range t.h.Ops {
		switch o := &t.h.Ops[i]; o.Op {
		case history.Inject:
			t.nemesis(o, "start-")
		case history.Heal:
			t.nemesis(o, "stop-")
		}
	}
}

// operation writes an acquire or a release. The :value of what failed must be that of its invoke:
// Knossos insists.
func (t *transcript) operation(o *history.Operation, process int32) {
	begun, ended := "nil", "nil"
	if o.Op == history.Release {
		begun, ended = number(o.Token), number(o.Token)
	} else if o.Outcome == history.OK {
		ended = number(o.Token)
	}
	line := half{seq: o.Call, at: o.CallAt, types: invoke, process: process, name: o.Op.String(), value: begun, mode: t.mode(o)}
	t.lines = append(t.lines, line)
	if o.Return != history.Open {
		line.seq, line.at, line.types, line.value, line.err = o.Return, o.ReturnAt, typeOf[o.Outcome], ended, o.Error
		t.lines = append(t.lines, line)
	}
}

var typeOf = map[history.Outcome]types{history.OK: okay, history.Fail: fail, history.Unknown: info}

func number(n int64) string {
	if n == 0 {
		return "nil"
	}
	return fmt.Sprint(n)
}

// nemesis writes both ends of an injection or a heal as :info, as Jepsen does.
func (t *transcript) nemesis(o *history.Operation, prefix string) {
	line := half{seq: o.Call, at: o.CallAt, types: info, process: history.Nemesis, name: prefix + plain(o.Fault), value: quote(o.Note)}
	t.lines = append(t.lines, line)
	if o.Return != history.Open {
		line.seq, line.at, line.err = o.Return, o.ReturnAt, o.Error
		t.lines = append(t.lines, line)
	}
}

// plain is a name that can be part of a keyword.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, cmp.Or(name, "-"))
}

// observations writes those of the nemesis, which a history from outside has.
func (t *transcript) observations() {
	for i := range t.h.Infos {
		if e := &t.h.Infos[i]; e.Op == history.Inject {
			t.lines = append(t.lines, half{seq: e.Seq, at: e.At, types: info, process: history.Nemesis, name: plain(e.Fault), value: quote(e.Note), err: e.Error})
		}
	}
}

// losses writes the end of each hold that no release ended.
func (t *transcript) losses() {
	for _, hold := range t.h.Holds() {
		a := hold.Acquire
		if a.Key != t.key || hold.EndedBy != history.Lost && hold.EndedBy != history.Crash {
			continue
		}
		line := half{seq: hold.End, at: hold.EndAt, types: invoke, process: a.Process, name: "release", value: number(a.Token)}
		t.lines = append(t.lines, line)
		line.types, line.err = info, hold.EndedBy.String()
		if r := t.next(a.Process, hold.End); r != nil && r.Op == history.Release && r.Hold == a.ID() {
			t.given[r] = true
			if r.Return == history.Open {
				continue
			}
			line.seq, line.at, line.types, line.err = r.Return, r.ReturnAt, typeOf[r.Outcome], r.Error
		} else if hold.EndedBy == history.Lost {
			line.types = fail
		}
		t.lines = append(t.lines, line)
	}
}

// next is the first thing that a process did to the lock after seq, nil if there is none.
func (t *transcript) next(process int32, seq int64) *history.Operation {
	acts := t.acts[process]
	i, _ := slices.BinarySearchFunc(acts, seq, func(o *history.Operation, seq int64) int { return cmp.Compare(o.Call, seq) })
	if i == len(acts) {
		return nil
	}
	return acts[i]
}

// write writes the lines in their order. They are numbered anew: Jepsen's tools expect indices
// without gaps.
func (t *transcript) write(w io.Writer) error {
	slices.SortStableFunc(t.lines, func(a, b half) int { return cmp.Compare(a.seq, b.seq) })
	out := bufio.NewWriter(w)
	for i := range t.lines {
		t.lines[i].write(out, i) // an error stays with out, for Flush to tell
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write EDN: %w", err)
	}
	return nil
}

var spellings = map[types]string{invoke: "invoke", okay: "ok", fail: "fail", info: "info"}

func (l *half) write(w *bufio.Writer, index int) {
	process := fmt.Sprint(l.process)
	if l.process == history.Nemesis {
		process = ":nemesis"
	}
	fmt.Fprintf(w, "{:type :%s, :f :%s, :value %s, :process %s, :time %d, :index %d", spellings[l.types], l.name, l.value, process, l.at.Nanoseconds(), index)
	if l.mode != history.Alone {
		fmt.Fprintf(w, ", :mode :%s", l.mode)
	}
	if l.err != "" {
		fmt.Fprintf(w, ", :error %s", quote(l.err))
	}
	fmt.Fprintln(w, "}")
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// quote is an EDN string, nil for an empty one.
func quote(s string) string {
	if s == "" {
		return "nil"
	}
	return `"` + escapes.Replace(strings.ToValidUTF8(s, "�")) + `"`
}
