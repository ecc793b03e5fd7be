package checker

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lockquake/checker/history"
)

// column is the time that one column of a drawing stands for.
const column = 100 * time.Millisecond

// draw turns a drawing into the history that it shows. A line is a process, its columns are time:
//
//	cell: pause-holder fenced keys=k0   the header's fault; fenced; its keys; permits=2; nowrites; cut: no orderly end
//	p0:    |acquire t=1|----|release|   process 0 of client 0: operations between bars, ok
//	p3/c0: |acquire k1 t=1|  |release?  process 3 of client 0, key k1; ? unknown, ! fail; no bar: never returned
//	p4:    |acquire shared t=1|         or nested, tried, queued
//	p1:    |read 7 @5|  |write 8<7 @6|  value 8 over 7, at position 6
//	p2:    <lost> <granted l=9 ttl=10>  observations, at their <; sent a column earlier
//	nem:   |inject pause-holder|  |heal stalled|
//	etcd:  <deleted! t=1 l=9 @12>
//
// What belongs to a hold belongs to the latest acquire of its process, and has its key and token; after the release
// of a nested one, to the one before it. The key is k0 where none is drawn.
func draw(t *testing.T, drawing string) history.History {
	t.Helper()
	d := drawer{t: t, header: history.Header{Clients: 2, TTL: 10 * column, Settle: 20 * column}}
	for l := range strings.Lines(drawing) {
		if l = strings.TrimSpace(l); l != "" {
			d.line(l)
		}
	}
	return d.history()
}

type drawer struct {
	t      *testing.T
	header history.Header
	cut    bool
	events []drawn
}

// drawn is an event at a column; op tells which operation of the drawing an event belongs to.
type drawn struct {
	col, op int
	history.Event
}

var drawnLine = regexp.MustCompile(`^(?:(cell|nem|etcd)|p(\d+)(?:/c(\d+))?):`)

func (d *drawer) line(l string) {
	m := drawnLine.FindStringSubmatch(l)
	if m == nil {
		d.t.Fatalf("no such line in a drawing: %q", l)
	}
	who := history.Event{Process: history.Nemesis, Client: history.Nemesis}
	if m[1] == "cell" {
		d.cell(strings.Fields(l[len(m[0]):]))
		return
	}
	if m[2] != "" {
		who.Process = int32(d.number(m[2]))
		who.Client = int32(d.number(cmp.Or(m[3], m[2])))
	}
	for col := len(m[0]); col < len(l); col++ {
		switch l[col] {
		case '|':
			col = d.operation(l, col, who)
		case '<':
			end := col + strings.IndexByte(l[col:], '>')
			d.add(col, 0, history.Info, l[col+1:end], who)
			col = end
		}
	}
}

func (d *drawer) cell(words []string) {
	d.header.Fault = words[0]
	d.header.Fenced = slices.Contains(words, "fenced")
	d.header.NoWrites = slices.Contains(words, "nowrites")
	d.cut = slices.Contains(words, "cut")
	for _, w := range words {
		if keys, ok := strings.CutPrefix(w, "keys="); ok {
			d.header.Keys = strings.Split(keys, ",")
		}
		if permits, ok := strings.CutPrefix(w, "permits="); ok {
			d.header.Permits = int(d.number(permits))
		}
	}
}

func (d *drawer) operation(l string, col int, who history.Event) (end int) {
	op := len(d.events) + 1
	text, _, closed := strings.Cut(l[col+1:], "|")
	d.add(col, op, history.Invoke, text, who)
	end = col + 1 + len(text)
	if closed {
		d.add(end, op, history.Return, text, who)
	}
	return end
}

var suffixes = map[byte]history.Outcome{'?': history.Unknown, '!': history.Fail}

func (d *drawer) add(col, op int, kind history.Kind, text string, who history.Event) {
	words := strings.Fields(text)
	e := who
	e.Kind, e.Outcome = kind, history.OK
	if o, ok := suffixes[words[0][len(words[0])-1]]; ok {
		e.Outcome = o
		words[0] = words[0][:len(words[0])-1]
	}
	if err := e.Op.UnmarshalText([]byte(words[0])); err != nil {
		d.t.Fatalf("%q: %v", text, err)
	}
	e.At = time.Duration(col) * column
	e.Sent = e.At - column
	for _, w := range words[1:] {
		d.word(&e, w)
	}
	d.events = append(d.events, drawn{col, op, e})
}

func (d *drawer) word(e *history.Event, w string) {
	name, value, named := strings.Cut(w, "=")
	over, prev, replaced := strings.Cut(w, "<")
	switch {
	case named && name == "t":
		e.Token = d.number(value)
	case named && name == "l":
		e.Lease = d.number(value)
	case named && name == "ttl":
		e.Value = d.number(value) * int64(column)
	case replaced:
		e.Value, e.Prev = d.number(over), d.number(prev)
	case modes[w] != history.Alone:
		e.Mode = modes[w]
	case w[0] == '@':
		e.Pos = d.number(w[1:])
	case w[0] == 'k':
		e.Key = w
	case e.Op == history.Inject:
		e.Fault, e.Note = w, "target"
	case e.Op == history.Heal:
		e.Note = w
	default:
		e.Value = d.number(w)
	}
}

var modes = map[string]history.Mode{"shared": history.Shared, "nested": history.Nested, "tried": history.Tried, "queued": history.Queued}

func (d *drawer) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		d.t.Fatalf("not a number in a drawing: %q", s)
	}
	return n
}

// history numbers the events in the order of their columns and pairs them as a reader would.
func (d *drawer) history() history.History {
	slices.SortStableFunc(d.events, func(a, b drawn) int { return cmp.Compare(a.col, b.col) })
	b := history.NewBuilder(d.header)
	ids := map[int]history.OpID{}
	holds := map[int32][]history.Event{} // the latest acquire of a process, behind those that it lies in
	for i, e := range d.events {
		e.Seq = int64(i + 1)
		if e.Kind == history.Invoke {
			ids[e.op] = history.OpID(e.Seq)
		}
		e.ID = ids[e.op]
		e.belong(holds)
		b.Add(e.Event)
	}
	h := b.History()
	if d.cut {
		h.Cut = "killed"
	}
	return h
}

func (e *drawn) belong(holds map[int32][]history.Event) {
	switch e.Op {
	case history.Acquire, history.Inject:
		e.Hold = e.ID
		e.Key = cmp.Or(e.Key, map[bool]string{true: "k0"}[e.Op == history.Acquire])
		if e.Kind != history.Invoke || e.Mode != history.Nested {
			holds[e.Process] = holds[e.Process][:max(len(holds[e.Process])-1, 0)] // this one, or one that is over
		}
		holds[e.Process] = append(holds[e.Process], e.Event)
	case history.Release, history.Read, history.Write, history.Lost, history.Crash, history.Heal:
		var hold history.Event
		if own := holds[e.Process]; len(own) > 0 {
			hold = own[len(own)-1]
			if e.Op == history.Release && e.Kind == history.Return && hold.Mode == history.Nested {
				holds[e.Process] = own[:len(own)-1]
			}
		}
		e.Hold, e.Key = hold.ID, cmp.Or(e.Key, hold.Key)
		e.Token, e.Fault = cmp.Or(e.Token, hold.Token), cmp.Or(e.Fault, hold.Fault)
	case history.Created, history.Deleted:
		e.Key = cmp.Or(e.Key, "k0")
	}
	if e.Lease != 0 && e.Key != "" {
		e.Note = fmt.Sprintf("%s/%x", e.Key, e.Lease)
	}
	if e.Op == history.Created {
		e.Pos = cmp.Or(e.Pos, e.Token)
	}
}
