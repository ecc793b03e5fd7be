package linear

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// judge lets porcupine search the pieces of one history.
type judge struct {
	ops    []Op
	start  start
	o      Options
	limits limits
	first  atomic.Int64 // the earliest piece known not to be linearizable; later ones do not matter
	doomed *Piece       // where the cutter saw a contradiction; then no other piece matters
	free   sync.Pool

	mu      sync.Mutex
	result  Result
	failing []*Piece // without the help of blips
}

// limits of one search.
type limits struct {
	memory int64 // bytes
	until  time.Time
}

func newJudge(ops []Op, s start, o Options) *judge {
	j := &judge{ops: ops, start: s, o: o}
	j.limits = limits{o.Memory / int64(o.Workers), time.Now().Add(o.Timeout)}
	j.first.Store(math.MaxInt64)
	j.free.New = func() any { return &Piece{} }
	return j
}

// queue is how many pieces may wait to be searched. The cutter is some times as fast as the searches: let it
// run ahead, because a contradiction that it meets settles the matter.
const queue = 1 << 10

func (j *judge) judge() Result {
	pieces := make(chan *Piece, queue)
	var workers sync.WaitGroup
	for range j.o.Workers {
		workers.Go(func() { j.work(pieces) })
	}
	c := newCutter(j.ops, j.start, j.o)
	c.spare = func() *Piece { return j.free.Get().(*Piece) }
	c.emit = func(p *Piece) bool { return j.take(p, pieces) }
	c.run()
	close(pieces)
	workers.Wait()
	if j.doomed != nil {
		j.failing, j.result.Why = nil, ""
		only := make(chan *Piece, 1)
		only <- j.doomed
		close(only)
		j.first.Store(math.MaxInt64)
		j.work(only)
	}
	return j.conclude()
}

// take puts a piece where it will be searched. False: no further piece is needed.
func (j *judge) take(p *Piece, pieces chan<- *Piece) bool {
	switch {
	case int64(p.index) > j.first.Load():
		return false
	case p.doomed:
		j.doomed = p
		j.first.Store(-1)
		return false
	}
	pieces <- p
	return true
}

func (j *judge) work(pieces <-chan *Piece) {
	var buf []porcupine.Operation
	largest, n := 0, 0
	for p := range pieces {
		if int64(p.index) > j.first.Load() {
			continue
		}
		n++
		largest = max(largest, len(p.Items))
		j.search(p, &buf)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.result.Pieces += n
	j.result.Largest = max(j.result.Largest, largest)
}

// search judges one piece without blips.
func (j *judge) search(p *Piece, buf *[]porcupine.Operation) {
	if p.over {
		j.giveUp(p, fmt.Sprintf("a piece of more than %d operations", j.o.MaxPiece), false)
		return
	}
	switch p.porcupine(j.limits, blips{}, buf) {
	case Valid:
		if p.doomed {
			j.giveUp(p, "a contradiction that porcupine does not see", true)
			return
		}
		j.free.Put(p)
	case Invalid:
		j.fail(p)
	default:
		j.giveUp(p, j.exhausted(p), false)
	}
}

func (j *judge) exhausted(p *Piece) string {
	if time.Until(j.limits.until) <= 0 {
		return fmt.Sprintf("out of time after %v", j.o.Timeout)
	}
	return fmt.Sprintf("out of memory (%d MB), searching %d operations", j.o.Memory>>20, len(p.Items))
}

// giveUp notes why a piece could not be judged; a later one may still be invalid.
func (j *judge) giveUp(p *Piece, why string, broken bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(p.Items) > 0 {
		why += fmt.Sprintf(", from operation %d on", p.Items[0].At)
	}
	if j.result.Why == "" {
		j.result.Why = why
	}
	j.result.Broken = j.result.Broken || broken
}

func (j *judge) fail(p *Piece) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failing = append(j.failing, p)
	if p.pool == 0 && len(p.blips) == 0 {
		j.first.Store(min(j.first.Load(), int64(p.index)))
	}
}

// conclude gives blips to the pieces that fail without, as few as can be, in the order of time. Later
// pieces have the more to choose from; so if one is left without, no other choice would have helped.
func (j *judge) conclude() Result {
	slices.SortFunc(j.failing, func(a, b *Piece) int { return cmp.Compare(a.index, b.index) })
	used := int32(0)
	for _, p := range j.failing {
		need, answer := j.need(p, p.pool-int(used))
		switch answer {
		case Invalid:
			return j.invalid(p, int(used))
		case Undecided:
			j.giveUp(p, j.exhausted(p), false)
		}
		used += j.o.rules.spend(need)
	}
	if j.result.Why == "" {
		j.result.Answer = Valid
	}
	return j.result
}

// need is the least number of blips with which a piece is linearizable.
func (j *judge) need(p *Piece, pool int) (int32, Answer) {
	seen := 0 // by a try that failed: more blips than that are of no use
	for i := range p.Items {
		if item := &p.Items[i]; item.Kind == Try && item.Outcome == Fail {
			seen++
		}
	}
	most := min(pool+len(p.blips)/2, seen)
	with := func(n int) Answer {
		var buf []porcupine.Operation
		return p.porcupine(j.limits, blips{pool: int32(pool), all: int32(n)}, &buf)
	}
	if answer := with(most); answer != Valid {
		return 0, answer
	}
	for n := 1; n < most; n++ {
		if answer := with(n); answer != Invalid {
			return int32(n), answer
		}
	}
	return int32(most), Valid
}

func (j *judge) invalid(p *Piece, used int) Result {
	j.result.Answer, j.result.Failing = Invalid, j.finest(p, used)
	j.result.Why = fmt.Sprintf("%d operations cannot be put in any order", len(j.result.Failing.Items))
	j.result.Broken = false
	return j.result
}

// finest cuts a failing piece as finely as can be, and gives the part that fails.
func (j *judge) finest(p *Piece, used int) *Piece {
	if j.o.batch == 1 {
		return p
	}
	items := slices.Concat(p.Items, p.blips)
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(a.Call, b.Call) })
	ops := make([]Op, len(items))
	for i := range items {
		ops[i] = items[i].Op
	}
	o := j.o
	o.batch, o.Workers = 1, 1
	o.Timeout = max(time.Until(j.limits.until), 1)
	fine := newJudge(ops, start{p.Holders, p.pool - used}, o).judge()
	if fine.Failing == nil {
		return p
	}
	for i := range fine.Failing.Items {
		at := &fine.Failing.Items[i].At
		*at = items[*at].At
	}
	return fine.Failing
}
