package results

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"lockquake/checker/history"
)

const ms = time.Millisecond

// script builds a history from operations written in any order.
type script struct {
	header  history.Header
	retired map[int32]int32 // processes of clients whose first one had to end
	calls   []call
	infos   []history.Event
}

// call is an operation as a test writes it; returned 0: never.
type call struct {
	history.Event
	called, returned time.Duration
	name, of         string // of: the name of the acquire or inject that it belongs to
}

func (s *script) process(client int32) int32 {
	if p, ok := s.retired[client]; ok {
		return p
	}
	return client
}

func (s *script) add(c call) { s.calls = append(s.calls, c) }

// hold adds an acquire by one client and, unless released is 0, its release.
func (s *script) hold(name string, client int32, token int64, called, acquired, released time.Duration) {
	e := history.Event{Op: history.Acquire, Outcome: history.OK, Process: s.process(client), Client: client, Key: "k", Token: token}
	s.add(call{Event: e, called: called, returned: acquired, name: name})
	if released > 0 {
		e.Op = history.Release
		s.add(call{Event: e, called: released, returned: released + 500*time.Microsecond, of: name})
	}
}

func (s *script) wait(client int32, outcome history.Outcome, called, returned time.Duration) {
	e := history.Event{Op: history.Acquire, Outcome: outcome, Process: s.process(client), Client: client, Key: "k"}
	s.add(call{Event: e, called: called, returned: returned})
}

func (s *script) write(of string, client int32, token, value, prev, pos int64, outcome history.Outcome, at time.Duration) {
	s.add(call{Event: history.Event{Op: history.Write, Outcome: outcome, Process: s.process(client), Client: client, Key: "k",
		Token: token, Value: value, Prev: prev, Pos: pos}, called: at, returned: at + ms, of: of})
}

func (s *script) fault(name, target, evidence string, from, to time.Duration) {
	e := history.Event{Op: history.Inject, Outcome: history.OK, Process: history.Nemesis, Client: history.Nemesis, Fault: name, Note: target}
	s.add(call{Event: e, called: from, returned: from + ms, name: "fault " + name + target})
	e.Op, e.Note = history.Heal, evidence
	if evidence == "" {
		e.Outcome = history.Unknown
	}
	s.add(call{Event: e, called: to - ms, returned: to, of: "fault " + name + target})
}

func (s *script) info(op history.Op, client int32, at time.Duration, of string) {
	s.infos = append(s.infos, history.Event{Kind: history.Info, Op: op, Client: client, Process: s.process(client), At: at, Key: of})
}

// moment is an event before it has its number; i is its call, or -1 for an info.
type moment struct {
	history.Event
	i int
}

// build numbers events in time order; of equal times, invokes come first.
func (s *script) build() history.History {
	var all []moment
	for i, c := range s.calls {
		invoke, back := c.Event, c.Event
		invoke.Kind, invoke.At, invoke.Outcome = history.Invoke, c.called, history.Unknown
		back.Kind, back.At = history.Return, c.returned
		all = append(all, moment{invoke, i})
		if c.returned > 0 {
			all = append(all, moment{back, i})
		}
	}
	for _, e := range s.infos {
		all = append(all, moment{e, -1})
	}
	slices.SortStableFunc(all, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Kind, b.Kind))
	})
	return s.number(all)
}

func (s *script) number(all []moment) history.History {
	b := history.NewBuilder(s.header)
	ids := make([]history.OpID, len(s.calls))
	names := map[string]history.OpID{}
	for n, m := range all {
		e := m.Event
		e.Seq = int64(n + 1)
		switch {
		case m.i < 0:
			e.Hold, e.Key = names[e.Key], "k"
		case e.Kind == history.Invoke:
			ids[m.i] = history.OpID(e.Seq)
			names[s.calls[m.i].name] = ids[m.i]
			fallthrough
		default:
			e.ID = ids[m.i]
			e.Hold = names[s.calls[m.i].of]
			if e.Op == history.Acquire {
				e.Hold = e.ID
			}
		}
		b.Add(e)
	}
	return b.History()
}

// queue is a fair lock under a closed loop: clients take turns, each holds for about 6 ms.
type queue struct {
	script
	random *rand.Rand
	now    time.Duration
	token  int64
	value  int64
	since  map[int32]time.Duration // begin of each client's wait
}

func newQueue(strategy, fault string, clients int) *queue {
	q := &queue{random: rand.New(rand.NewPCG(1, 2)), since: map[int32]time.Duration{}, token: 10}
	q.header = history.Header{Format: history.Format, Version: history.Version, Strategy: strategy, Fault: fault,
		Repeat: 1, Seed: 42, Clients: clients, Keys: []string{"k"}, TTL: time.Second, Settle: 5 * time.Second}
	for c := range clients {
		q.since[int32(c)] = time.Duration(c+1) * ms / 4
	}
	q.now = 3 * ms
	return q
}

// next is the client that has waited longest, of those not left out.
func (q *queue) next(without int32) int32 {
	first := int32(-1)
	for c := range int32(q.header.Clients) {
		if c != without && (first < 0 || q.since[c] < q.since[first]) {
			first = c
		}
	}
	return first
}

// turns lets clients have the lock until a time, all but one.
func (q *queue) turns(until time.Duration, without int32) {
	for q.now < until {
		c := q.next(without)
		q.token++
		acquired := max(q.now, q.since[c]+300*time.Microsecond) + q.jitter(700*time.Microsecond)
		released := acquired + 4*ms + q.jitter(4*ms)
		name := "t" + string(rune(q.token))
		q.hold(name, c, q.token, q.since[c], acquired, released)
		q.value++
		q.write(name, c, q.token, q.value, q.value-1, q.value, history.OK, released-2*ms)
		q.since[c] = released + 600*time.Microsecond + q.jitter(ms)
		q.now = released + 400*time.Microsecond
	}
}

func (q *queue) jitter(most time.Duration) time.Duration {
	d := time.Duration(q.random.ExpFloat64() * float64(most) / 3)
	return min(d, 4*most)
}

// finish winds down: each client gets the lock once more, and the last one reads.
func (q *queue) finish() history.History {
	q.infos = append(q.infos, history.Event{Kind: history.Info, Op: history.Stop, Client: history.Nemesis, Process: history.Nemesis, At: q.now})
	for range q.header.Clients {
		c := q.next(-1)
		q.turns(q.now+1, -1)
		q.since[c] = time.Hour
	}
	q.token++
	q.hold("last", 0, q.token, q.now+ms, q.now+2*ms, q.now+5*ms)
	q.add(call{Event: history.Event{Op: history.Read, Outcome: history.OK, Process: q.process(0), Key: "k", Token: q.token,
		Value: q.value, Pos: q.value}, called: q.now + 3*ms, returned: q.now + 4*ms, of: "last"})
	q.infos = append(q.infos, history.Event{Kind: history.Info, Op: history.End, Client: history.Nemesis, Process: history.Nemesis, At: q.now + 7*ms})
	return q.build()
}

// calm: nothing happens to anybody.
//
//	p0: |hold|      |hold|
//	p1:       |hold|      |hold|
func calm(strategy string, clients int, length time.Duration) history.History {
	q := newQueue(strategy, "none", clients)
	q.turns(length, -1)
	return q.finish()
}

// paused: the holder sleeps past its TTL, others get the lock, and it writes when it wakes.
//
//	p3: |----------------- hold, asleep ----------------| stale write
//	p0:                       |hold| |hold|
func paused(fenced bool) history.History {
	q := newQueue("mutex", "pause-holder", 5)
	q.header.Fenced = fenced
	q.turns(2*time.Second, -1)
	q.token++
	q.hold("paused", 3, q.token, q.since[3], q.now, q.now+2300*ms)
	stale, value, before := q.token, q.value, q.now
	q.fault("pause-holder", fmtClient(3), "lease expired while its holder was paused", before+3*ms, before+2295*ms)
	q.now += 1350 * ms
	q.turns(before+2296*ms, 3)
	outcome := history.OK
	if fenced {
		outcome = history.Fail
	}
	q.write("paused", 3, stale, 100000, value, q.value+1, outcome, before+2297*ms)
	q.info(history.Lost, 3, before+2299*ms, "paused")
	q.since[3] = before + 2305*ms
	if !fenced {
		q.value = 100000
	}
	q.turns(before+4500*ms, -1)
	return q.finish()
}

func fmtClient(c int32) string { return fmt.Sprintf("c%d", c) }

// leaderless: the leader is cut off, nobody gets the lock until there is another.
func leaderless() history.History {
	q := newQueue("mutex", "isolate-leader", 5)
	q.turns(1500*ms, -1)
	cut := q.now
	q.fault("isolate-leader", "leader m2", "new leader m1 after 1.2 s", cut, cut+2*time.Second)
	q.wait(4, history.Unknown, q.since[4], cut+900*ms)
	q.since[4], q.retired = cut+905*ms, map[int32]int32{4: 5}
	q.now += 1240 * ms
	q.turns(cut+3500*ms, -1)
	return q.finish()
}

// grantsEverybody: no lock at all.
func grantsEverybody(clients int, length time.Duration) history.History {
	s := &script{header: newQueue("none", "none", clients).header}
	random := rand.New(rand.NewPCG(3, 4))
	value := int64(0)
	for c := range int32(clients) {
		for at := time.Duration(c) * ms; at < length; {
			held := 4*ms + time.Duration(random.ExpFloat64()*float64(2*ms))
			name := fmtClient(c) + at.String()
			s.hold(name, c, 0, at, at+200*time.Microsecond, at+held)
			value++
			s.write(name, c, 0, value, max(0, value-int64(random.IntN(3))-1), value, history.OK, at+held-2*ms)
			at += held + ms
		}
	}
	return s.build()
}
