package repro

import (
	"fmt"
	"sync"

	"lockquake/checker/history"
)

// ground is what the ground truth has told so far. It passes everything on to the recorder.
type ground struct {
	rec *history.Recorder

	mu    sync.Mutex
	seen  map[int64]bool // tokens of keys that were created
	gone  map[int64]bool // tokens of keys that were deleted
	asked map[int64]bool // deletions, by their sequence numbers, of which it is not known whether the lease lives on
}

// Info records an event of the ground truth.
func (g *ground) Info(e history.Event) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	seq := g.rec.Info(e)
	if g.seen == nil {
		g.seen, g.gone, g.asked = map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	}
	switch e.Op {
	case history.Created:
		g.seen[e.Token] = true
	case history.Deleted:
		g.gone[e.Token] = true
		if e.Lease != 0 {
			g.asked[seq] = true
		}
	case history.Alive:
		delete(g.asked, int64(e.ID))
	}
	return seq
}

// toldOf tells whether the truth has come as far as the creation of a key, with all questions about what went
// before answered: by then nothing that is done next can be taken for the cause. Token 0: no key.
func (g *ground) toldOf(token int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return token == 0 || g.seen[token] && len(g.asked) == 0
}

// hasGone tells whether the key of a token was deleted.
func (g *ground) hasGone(token int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gone[token] && len(g.asked) == 0
}

// loses waits until the key of a hold is deleted.
func (h *hold) loses() {
	h.by.s.await(fmt.Sprintf("the end of %s's key", h.by), func() bool { return h.by.s.known.hasGone(h.Token) })
	h.by.s.tell("%s's key is gone", h.by)
}
