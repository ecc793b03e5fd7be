package checker

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"

	"lockquake/checker/history"
)

// note is something that happened around the evidence. It is worded only if it is shown.
type note struct {
	rank     int   // 0: part of the story, 1: of its holds, 2: of others
	distance int64 // to the evidence, in events
	from, to int64
	client   int32 // whose row it is in; history.Nemesis: nobody's
	words    func() porcupine.Annotation
}

// notes are the nearest of what happened in the window of the evidence, and how many were left out.
func (p *proof) notes() (shown []note, left int) {
	n := &nearest{}
	p.noteOperations(n)
	p.noteInfos(n)
	p.noteFaults(n)
	n.cut()
	return n.notes, n.left
}

// nearest keeps what is nearest to the evidence of any number of notes.
type nearest struct {
	notes []note
	left  int
}

func (n *nearest) add(x note) {
	n.notes = append(n.notes, x)
	if len(n.notes) > 20*mostNotes {
		n.cut()
	}
}

func (n *nearest) cut() {
	slices.SortStableFunc(n.notes, func(a, b note) int {
		return cmp.Or(a.rank-b.rank, cmp.Compare(a.distance, b.distance))
	})
	shown := min(len(n.notes), mostNotes)
	n.left += len(n.notes) - shown
	n.notes = n.notes[:shown]
}

// placed words notes and puts them into the rows of their clients.
func placed(notes []note, rows []int32) []porcupine.Annotation {
	var all []porcupine.Annotation
	for _, n := range notes {
		a := n.words()
		a.Start, a.End = n.from, n.to
		a.Description, a.Details = clip(a.Description, longCaption), clip(a.Details, longDetail)
		if n.client != history.Nemesis {
			a.ClientId = rowOf(rows, n.client)
		}
		all = append(all, a)
	}
	return all
}

// meets tells whether something happened in the window at all.
func (p *proof) meets(from, to int64) bool { return from <= p.to && to >= p.from }

// distance is how many events lie between something and the nearest beginning or end of the evidence.
func (p *proof) distance(from, to int64) int64 {
	nearest := int64(history.Open)
	for _, o := range p.ops {
		for _, at := range []int64{o.Call, min(o.Return, p.end())} {
			nearest = min(nearest, max(from-at, at-to, 0))
		}
	}
	return nearest
}

func (p *proof) note(rank int, from, to int64, client int32, words func() porcupine.Annotation) note {
	to = min(to, p.end())
	return note{rank, p.distance(from, to), from, to, client, words}
}

// noteOperations adds the operations of clients that are not judged.
func (p *proof) noteOperations(n *nearest) {
	behind := map[history.OpID]bool{}
	for _, o := range p.ops {
		behind[cmp.Or(o.Hold, o.ID())] = true
	}
	for i := range p.h.Ops {
		o := &p.h.Ops[i]
		if o.Client == history.Nemesis || !p.meets(o.Call, o.Return) || slices.Contains(p.judged, o) {
			continue
		}
		rank := 2
		switch {
		case slices.Contains(p.ops, o):
			rank = 0
		case behind[o.Hold]:
			rank = 1
		}
		n.add(p.note(rank, o.Call, o.Return, o.Client, func() porcupine.Annotation {
			return porcupine.Annotation{Description: caption(o), Details: detail(o)}
		}))
	}
}

// noteInfos adds what was observed: losses and crashes, the leases of the evidence's holders, and the
// keys that the ground truth saw go.
func (p *proof) noteInfos(n *nearest) {
	holds, tokens, leases := map[history.OpID]bool{}, map[int64]bool{}, map[int64]bool{}
	for _, o := range p.ops {
		holds[cmp.Or(o.Hold, o.ID())], tokens[o.Token], leases[o.Lease] = true, true, true
	}
	add := func(e *history.Observation, own bool, client int32, words func(*history.Observation) porcupine.Annotation) {
		rank := 2
		if own {
			rank = 0
		}
		n.add(p.note(rank, e.Seq, e.Seq, client, func() porcupine.Annotation { return words(e) }))
	}
	for i := range p.h.Infos {
		e := &p.h.Infos[i]
		switch {
		case !p.meets(e.Seq, e.Seq):
		case e.Op == history.Lost || e.Op == history.Crash:
			add(e, holds[e.Hold], e.Client, lossWords)
		case e.Op == history.Deleted:
			add(e, tokens[e.Token], history.Nemesis, keyWords)
		case (e.Op == history.Granted || e.Op == history.Renewed) && leases[e.Lease]:
			add(e, false, history.Nemesis, leaseWords)
		}
	}
}

func lossWords(e *history.Observation) porcupine.Annotation {
	what := " learned of its loss"
	if e.Op == history.Crash {
		what = " crashed"
	}
	return porcupine.Annotation{Description: clientName(e.Client) + what, Details: seconds(e.At) + ", key " + e.Key,
		BackgroundColor: "#ffe08a"}
}

func keyWords(e *history.Observation) porcupine.Annotation {
	return porcupine.Annotation{Tag: "etcd", Description: fmt.Sprintf("token %d's key %s", e.Token, wentHow(e.Outcome)),
		Details: fmt.Sprintf("%s, revision %d, lease %x, %s", seconds(e.At), e.Pos, e.Lease, e.Note), BackgroundColor: "#d9c8f0"}
}

func leaseWords(e *history.Observation) porcupine.Annotation {
	return porcupine.Annotation{Tag: "leases", Description: clientName(e.Client) + "'s was " + e.Op.String(),
		Details: fmt.Sprintf("lease %x, asked for at %s, answered at %s: good until %s", e.Lease, seconds(e.Sent), seconds(e.At), seconds(trusted(e)))}
}

// noteFaults adds the injections that acted in the window.
func (p *proof) noteFaults(n *nearest) {
	for _, i := range p.h.Injections() {
		to := int64(history.Open)
		if i.Heal.ID() != 0 {
			to = i.Heal.Return
		}
		if i.Inject.Outcome == history.Fail || !p.meets(i.Inject.Call, to) {
			continue
		}
		n.add(p.note(0, i.Inject.Call, to, history.Nemesis, func() porcupine.Annotation { return faultWords(i) }))
	}
}

func faultWords(i history.Injection) porcupine.Annotation {
	until := "never healed"
	if i.Heal.ID() != 0 {
		until = "healed at " + when(&i.Heal) + remark(i.Heal.Note)
	}
	return porcupine.Annotation{Tag: "nemesis", Description: i.Inject.Fault + remark(i.Inject.Note),
		Details: "from " + seconds(i.Inject.CallAt) + ", " + until + "; " + i.Inject.Note, BackgroundColor: "#ffd0a8"}
}
