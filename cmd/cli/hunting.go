package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/results"
)

// hunt is carried out by several workers.
type hunt struct {
	app
	o      huntOptions
	s      selection // without a plan: each seed has its own
	trials []harness.Trial
	dir    string
	began  time.Time

	mu     sync.Mutex
	cells  []harness.Cell // of the seed that is carried out, those that nobody has begun
	seed   uint64         // whose they were; 0: none was drawn yet
	drawn  int            // seeds
	broken map[string]uint64
	found  map[kindOfFind]bool
	score
	failure error  // the first one
	doubt   string // the first cell that is not known, and why
}

// score is what the hunt has come to. Cells that a find was tried again by are not in it.
type score struct {
	judged, unknown, failed int
	until                   time.Duration // the last of them was, since the hunt began
	beyond                  int           // cells that gave less than is wanted
	grants                  int64
	virtual                 time.Duration
	again                   time.Duration // virtual time of cells that were carried out again
}

// kindOfFind is what the first violation is told of.
type kindOfFind struct{ strategy, checker string }

// bagged is a cell with what came of it. What of it is to be kept must be finished.
type bagged struct {
	cell      harness.Cell
	run       *results.Run
	stored    *results.Cell
	history   history.History
	judgement checker.Judgement
	took      time.Duration
	err       error
}

// goOn hunts until the time is up, all strategies have broken, or there are no more seeds.
func (h *hunt) goOn(ctx context.Context) {
	h.began = time.Now()
	defer h.watch(ctx, h)()
	hunting, cancel := context.WithTimeout(ctx, h.o.lasts)
	defer cancel()
	var workers sync.WaitGroup
	for range h.o.parallel {
		workers.Go(func() {
			for cell, ok := h.next(hunting); ok; cell, ok = h.next(hunting) {
				h.take(ctx, hunting, cell)
			}
		})
	}
	workers.Wait()
}

// next gives a cell that nobody has begun.
func (h *hunt) next(ctx context.Context) (harness.Cell, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ctx.Err() == nil {
		if len(h.cells) > 0 {
			cell := h.cells[0]
			h.cells = h.cells[1:]
			if seed, broken := h.broken[cell.Strategy]; !broken || cell.Seed <= seed {
				return cell, true
			}
			continue
		}
		if h.o.seeds > 0 && h.drawn >= h.o.seeds || h.allBroken() {
			return harness.Cell{}, false
		}
		h.seed = h.o.seed + uint64(h.drawn)
		h.cells = h.draw(h.seed)
		h.drawn++
	}
	return harness.Cell{}, false
}

func (h *hunt) allBroken() bool {
	for _, t := range h.trials {
		for _, s := range t.Subjects {
			if _, broken := h.broken[s.Name]; !broken {
				return false
			}
		}
	}
	return true
}

// take carries out a cell, and looks what came of it. One that the end of the hunt has cut short counts only if
// something is known of it.
func (h *hunt) take(ctx, hunting context.Context, cell harness.Cell) {
	b := h.try(hunting, cell)
	defer b.discard()
	if hunting.Err() != nil && (b.err != nil || b.judgement.Validity != checker.Invalid) {
		return
	}
	finds := h.count(b)
	if len(finds) == 0 {
		return
	}
	dir, err := h.keep(b)
	if err != nil {
		h.fail(err)
		return
	}
	h.tell(b, finds, dir)
	r := h.tryAgain(ctx, b, finds)
	h.tellAgain(b, finds, r)
	for _, v := range finds {
		h.tells(findEvent{eventOf("find"), cell.Seed, cell.Strategy, cell.Name().Fault, v, h.known(cell.Strategy, v.Checker), dir, r.came[v.Checker], r.of})
	}
}

// try carries out a cell and judges it.
func (h *hunt) try(ctx context.Context, cell harness.Cell) (b bagged) {
	b.cell = cell
	began := time.Now()
	defer func() { b.took = time.Since(began) }()
	work, err := os.MkdirTemp(h.dir, ".work-*")
	if err != nil {
		b.err = err
		return b
	}
	asked := h.s.askedOf(cell)
	want, err := wantOf(asked)
	if err != nil {
		b.err = err
		return b
	}
	b.run, b.err = results.Create(work, results.Info{
		Seed: cell.Seed, Args: h.o.runAgain(cell, h.scenarioOf), Want: asked.Want, Etcd: h.s.etcd(),
		Cells: []results.CellName{cell.Name()}, Asked: []results.Asked{asked},
	})
	if b.err != nil {
		return b
	}
	if b.stored, b.err = b.run.Cell(cell.Name()); b.err != nil {
		return b
	}
	if b.err = recordVirtually(ctx, b.stored, cell, nil); b.err != nil {
		return b
	}
	if b.history, b.err = b.stored.ReadHistory(); b.err == nil {
		b.judgement = checker.Judge(b.history, h.s.checkers, h.s.strategies[cell.Strategy].Promise, want)
	}
	return b
}

// scenarioOf is how the command line names the scenario of a cell.
func (h *hunt) scenarioOf(cell harness.Cell) string {
	for _, name := range h.o.scenarios {
		if strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)) == cell.Fault {
			return name
		}
	}
	return cell.Fault
}

// discard removes the folder of a cell that was not kept.
func (b bagged) discard() {
	if b.run != nil {
		_ = os.RemoveAll(b.run.Dir()) // one that was kept is elsewhere
	}
}

// count adds a cell to the score, and gives the violations that are the first of their kinds, the gravest first.
func (h *hunt) count(b bagged) (first []checker.Verdict) {
	if b.err == nil && b.judgement.Harness {
		b.err = errors.New(harnessFault(b.judgement))
	}
	if b.err != nil {
		h.fail(fmt.Errorf("seed %d, %s: %w", b.cell.Seed, b.cell.Name(), b.err))
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.judged, h.until = h.judged+1, time.Since(h.began)
	h.virtual += b.history.Last()
	h.grants += int64(len(b.history.Holds()))
	beyond := b.judgement.Validity == checker.Invalid
	switch b.judgement.Validity {
	case checker.Invalid:
		h.beyond++
		if seed, broken := h.broken[b.cell.Strategy]; !broken || b.cell.Seed < seed {
			h.broken[b.cell.Strategy] = b.cell.Seed
		}
	case checker.Unknown:
		h.unknown++
		if h.doubt == "" {
			why := results.Telling(b.judgement)[0]
			h.doubt = fmt.Sprintf("seed %d, %s: %s: %s", b.cell.Seed, b.cell.Name(), why.Checker, why.Why)
		}
	}
	for _, v := range results.Telling(b.judgement) {
		kind := kindOfFind{b.cell.Strategy, v.Checker}
		if h.isViolation(b, v, beyond) && !h.found[kind] {
			h.found[kind] = true
			first = append(first, v)
		}
	}
	return first
}

// isViolation tells whether a verdict is one to tell of: overlaps that a strategy's promise allows are none.
func (h *hunt) isViolation(b bagged, v checker.Verdict, beyond bool) bool {
	if v.Validity != checker.Invalid || v.Checker == "promise" {
		return false
	}
	return beyond || h.known(b.cell.Strategy, v.Checker)
}

// known tells whether a violation is known of a strategy.
func (h *hunt) known(strategy, checker string) bool {
	return slices.Contains(h.s.strategies[strategy].Promise.Known, checker)
}

// keep finishes the folder of a cell, and moves it to where it stays.
func (h *hunt) keep(b bagged) (dir string, err error) {
	if err := b.stored.Finish(b.history, b.judgement); err != nil {
		return "", err
	}
	if err := b.run.Finish(); err != nil {
		return "", err
	}
	dir = filepath.Join(h.dir, fmt.Sprintf("seed-%d-%s", b.cell.Seed, b.stored.Record().Folder))
	return dir, os.Rename(b.run.Dir(), dir)
}

func (h *hunt) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed++
	if h.failure == nil {
		h.failure = err
	}
}

// recurrence is how often violations came again.
type recurrence struct {
	came map[string]int // by checker
	of   int            // cells that were judged
}

// tryAgain carries a cell out again, and counts how often each violation comes again.
func (h *hunt) tryAgain(ctx context.Context, b bagged, finds []checker.Verdict) recurrence {
	r := recurrence{came: map[string]int{}}
	for range h.o.again {
		again := h.try(ctx, b.cell)
		again.discard()
		if ctx.Err() != nil {
			break
		}
		if again.err != nil || again.judgement.Harness {
			continue
		}
		r.of++
		for _, v := range finds {
			if verdict(again.judgement, v.Checker).Validity == checker.Invalid {
				r.came[v.Checker]++
			}
		}
		h.mu.Lock()
		h.again += again.history.Last()
		h.mu.Unlock()
	}
	return r
}
