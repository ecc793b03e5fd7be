package linear

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"
)

// An unknown operation never returned, so one without effect can wait until everything else is done: it is a
// no-op only behind the sentinel. Were it one anywhere, k of them would have 2^k ways to be none:
//
//	c0: |acquire ?......   c1: |acquire ?......   c2: |acquire ok|   c3: |acquire ok|
//
// would be tried for each subset of {c0, c1} before it is called illegal.

// sole is the state of a lock that one owner holds at a time.
type sole struct {
	holder int32 // one of these, or an owner
	times  int32
	pool   int32 // blips of the pool that were used
	all    int32 // blips that were used
}

const (
	nobody int32 = -1 // holds it
	pooled int32 = -2 // a blip of the pool holds it, and gives it back when somebody acquires
	ended  int32 = -3 // every operation that returned lies behind
)

// soleModel is the mutex and the reentrant lock.
func (p *Piece) soleModel(s *search, b blips) porcupine.Model {
	first, each := sole{holder: nobody}, p.lock.each()
	for _, h := range p.Holders {
		first.holder, first.times = h.Owner, h.Times
	}
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(state, input, _ any) (bool, any) {
			was, item := state.(sole), input.(*Item)
			legal, is := was.step(item, each, b)
			if !s.step(legal) {
				return false, state
			}
			return true, is
		},
		DescribeOperation: describe,
		DescribeState:     func(state any) string { return state.(sole).String() },
	}
}

func (s sole) step(item *Item, each int32, b blips) (bool, sole) {
	switch {
	case s.holder == ended:
		return true, s
	case item.Kind == end:
		s.holder = ended
		return true, s
	case item.Kind == Release:
		return s.release(item)
	case item.Outcome == Fail:
		return s.refuse(item, each, b)
	default:
		return s.acquire(item, each, b)
	}
}

func (s sole) release(item *Item) (bool, sole) {
	holds := s.holder == item.Owner
	switch {
	case item.Outcome == Fail:
		return !holds, s
	case holds && s.times > 1:
		s.times--
	default:
		s.holder, s.times = nobody, 0
	}
	return holds, s
}

// refuse is a try that failed.
func (s sole) refuse(item *Item, each int32, b blips) (bool, sole) {
	if s.holder != nobody {
		return each == 1 || s.holder != item.Owner || s.times == each, s
	}
	s.holder, s.pool, s.all = pooled, s.pool+1, s.all+1
	return s.pool <= b.pool && s.all <= b.all, s
}

func (s sole) acquire(item *Item, each int32, b blips) (bool, sole) {
	if s.holder == item.Owner {
		s.times++
		return s.times <= each, s
	}
	free := s.holder == nobody || s.holder == pooled
	s.holder, s.times = item.Owner, 1
	if item.blip {
		s.all++
	}
	return free && s.all <= b.all, s
}

// crowd is the state of a lock that several may hold at a time.
type crowd struct {
	parties string // big-endian, sorted
	n       int    // how many; -1: ended
}

const width = 4 // of a party, in bytes

// crowdModel is the semaphore and the readers-writer lock.
func (p *Piece) crowdModel(s *search) porcupine.Model {
	var first crowd
	for _, h := range p.Holders {
		first = first.with(p.lock.party(&Op{Owner: h.Owner, Shared: h.Shared}))
	}
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(state, input, _ any) (bool, any) {
			legal, is := state.(crowd).step(input.(*Item), p.lock)
			if !s.step(legal) {
				return false, state
			}
			return true, is
		},
		DescribeOperation: describe,
		DescribeState:     func(state any) string { return state.(crowd).describe(p.lock) },
	}
}

func (c crowd) step(item *Item, l Lock) (bool, crowd) {
	switch {
	case c.n < 0:
		return true, c
	case item.Kind == end:
		return true, crowd{n: -1}
	}
	party := l.party(&item.Op)
	_, holds := c.find(party)
	if item.Kind == Release {
		if item.Outcome == Fail {
			return !holds, c
		}
		return holds, c.without(party)
	}
	room := c.room(l, party)
	if item.Outcome == Fail {
		return !room, c
	}
	return room && !holds, c.with(party)
}

// room tells whether another party could come to hold the lock.
func (c crowd) room(l Lock, party int32) bool {
	switch {
	case c.n == 0:
		return true
	case l.kind == semaphore:
		return c.n < int(l.most)
	default:
		return l.shares(party) && l.shares(c.party(0))
	}
}

func (c crowd) party(i int) int32 {
	return int32(binary.BigEndian.Uint32([]byte(c.parties[i*width:])))
}

func (c crowd) find(party int32) (int, bool) {
	for i := range c.n {
		if p := c.party(i); p >= party {
			return i, p == party
		}
	}
	return max(c.n, 0), false
}

func (c crowd) with(party int32) crowd {
	i, _ := c.find(party)
	b := binary.BigEndian.AppendUint32([]byte(c.parties[:i*width]), uint32(party))
	return crowd{string(append(b, c.parties[i*width:]...)), c.n + 1}
}

func (c crowd) without(party int32) crowd {
	i, holds := c.find(party)
	if !holds {
		return c
	}
	return crowd{c.parties[:i*width] + c.parties[(i+1)*width:], c.n - 1}
}

func (c crowd) describe(l Lock) string {
	if c.n <= 0 {
		return sole{holder: nobody}.String()
	}
	var names []string
	for i := range c.n {
		p := c.party(i)
		if l.kind == readersWriter {
			p /= 2
		}
		names = append(names, fmt.Sprint(p))
	}
	return strings.Join(names, ", ")
}

func (s sole) String() string {
	switch s.holder {
	case nobody, ended:
		return "free"
	case pooled:
		return "seen held"
	}
	if s.times > 1 {
		return fmt.Sprintf("%d, %d times", s.holder, s.times)
	}
	return fmt.Sprint(s.holder)
}

var (
	kindNames    = [...]string{"acquire", "try", "release", "end"}
	outcomeNames = [...]string{"?", "", " failed"}
)

func describe(input, _ any) string {
	item := input.(*Item)
	mode := ""
	if item.Shared {
		mode = " shared"
	}
	return fmt.Sprintf("%d %s%s%s", item.Owner, kindNames[item.Kind], mode, outcomeNames[item.Outcome])
}
