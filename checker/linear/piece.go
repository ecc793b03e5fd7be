package linear

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"
)

// Piece is a part of a history that is judged by itself.
type Piece struct {
	Holders []Holder // at its start
	// Items are its operations in the order of their returns. They are clipped to the piece: what was
	// called before it is called at its start, what returns after it returns at its end, and what is
	// unknown yet must have taken effect is OK.
	Items []Item

	lock   Lock
	index  int    // among the pieces
	blips  []Item // that end in this piece: an acquire and a release each
	pool   int    // blips that ended before it, those that earlier pieces used among them
	doomed bool   // known not to be linearizable
	over   bool   // larger than may be
}

// Holder is who holds the lock, and how often.
type Holder struct {
	Owner  int32
	Shared bool
	Times  int32
}

// Item is an operation of a piece.
type Item struct {
	Op
	At    int32 // its place among the operations of the history
	block int32 // how many operations of the piece had returned when it was called
	blip  bool  // it is of a blip that ended in this piece
}

// end is the kind of the sentinel behind every operation that returned.
const end = Release + 1

// Operations gives the piece to porcupine, for its pictures. Inputs print as words; times are places in
// the piece. Metadata is the operation's place in the history.
func (p *Piece) Operations() (porcupine.Model, []porcupine.Operation) {
	ops := p.operations(nil, false)
	for i := range p.Items {
		ops[i].ClientId, ops[i].Metadata = int(p.Items[i].Owner), p.Items[i].At
	}
	return p.model(&search{budget: math.MaxInt64}, blips{}), ops
}

// operations encodes the items, and the blips if any may be used.
//
// Between two returns the order of calls means nothing, so they are sorted by their returns: porcupine tries
// first what returned first, and in a valid history seldom has to go back. Block and return
// together make one number for each event:
//
//	block 0: calls by return, return 0 | block 1: calls by return, return 1 | ...
func (p *Piece) operations(buf []porcupine.Operation, withBlips bool) []porcupine.Operation {
	items := p.Items
	if withBlips {
		items = append(items[:len(items):len(items)], p.blips...)
	}
	stride := int64(len(items) + 2)
	returned := int64(0)
	for i := range items {
		item := &items[i]
		op := porcupine.Operation{Input: item, Call: int64(item.block)*stride + int64(i), Return: Open}
		if item.Outcome != Unknown {
			returned++
			op.Return = int64(i+1)*stride - 1
		}
		buf = append(buf, op)
	}
	if returned < int64(len(items)) {
		last := returned * stride
		buf = append(buf, porcupine.Operation{Input: &Item{Op: Op{Kind: end}}, Call: last, Return: last})
	}
	return buf
}

// blips is how many blips a search may use: of the pool, and in all.
type blips struct{ pool, all int32 }

// search bounds what one search remembers, in steps.
type search struct {
	budget int64
	spent  bool
}

// step counts a legal step. Without budget nothing is legal any more, so porcupine comes to its end.
func (s *search) step(legal bool) bool {
	if !legal {
		return false
	}
	s.budget--
	s.spent = s.spent || s.budget < 0
	return !s.spent
}

// model is the sequential lock from the piece's start on.
func (p *Piece) model(s *search, b blips) porcupine.Model {
	if p.lock.kind == semaphore || p.lock.kind == readersWriter {
		return p.crowdModel(s)
	}
	return p.soleModel(s, b)
}

// cost is about what porcupine remembers of one step, in bytes.
func (p *Piece) cost() int64 { return 200 + int64(len(p.Items)+len(p.blips))/8 }

// porcupine judges the piece with some blips. Undecided: the search took too much memory or time.
func (p *Piece) porcupine(l limits, b blips, buf *[]porcupine.Operation) Answer {
	left := time.Until(l.until)
	if left <= 0 {
		return Undecided
	}
	*buf = p.operations((*buf)[:0], b.all > 0)
	s := &search{budget: l.memory / p.cost()}
	switch porcupine.CheckOperationsTimeout(p.model(s, b), *buf, left) {
	case porcupine.Ok:
		return Valid
	case porcupine.Illegal:
		if !s.spent {
			return Invalid
		}
	}
	return Undecided
}
