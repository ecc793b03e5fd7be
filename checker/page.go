package checker

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"lockquake/checker/history"
)

// MostPage is more than any page of Page takes, in bytes. The limits below see to it: porcupine's own
// part is 33 kB, and each of its texts is clipped.
const MostPage = 200_000

const (
	mostJudged  = 16 // operations given to porcupine; it searches 2^16 sets of them at most
	mostNotes   = 24 // annotations; with more, one has to scroll far for what matters
	mostLines   = 24 // of the story
	longCaption = 48 // in runes, as all that follow
	longDetail  = 160
	longWhy     = 400
)

// Page is the counterexample of a verdict as an interactive page of porcupine's: the evidence on the model
// that it breaks, and what else happened in its window as annotations, the nearest at most. It is HTML
// that needs nothing else, of at most MostPage bytes. Without evidence to show there is none: nil.
//
// Time in it counts events, which orders them exactly where two times may be equal.
func Page(h history.History, v Verdict) ([]byte, error) {
	p := newProof(&h, v)
	if len(p.judged) == 0 {
		return nil, nil
	}
	notes, left := p.notes()
	rows := p.rows(notes)
	model, name := p.model()
	order, info := porcupine.CheckOperationsVerbose(model, p.operations(rows), time.Second)
	info.AddAnnotations(placed(notes, rows))
	var page bytes.Buffer
	if err := porcupine.Visualize(model, info, &page); err != nil {
		return nil, fmt.Errorf("draw the page of %s: %w", v.Checker, err)
	}
	return p.explain(page.Bytes(), legend{name, order == porcupine.Ok, rows, left})
}

// legend is what must be said of a picture.
type legend struct {
	Model   string
	Ordered bool // porcupine found an order that the model allows
	rows    []int32
	Left    int // notes that were left out
}

// Names are the clients of the rows.
func (l legend) Names() []string {
	var names []string
	for _, client := range l.rows {
		names = append(names, clientName(client))
	}
	return names
}

// proof is what a page is about.
type proof struct {
	h      *history.History
	v      Verdict
	ops    []*history.Operation // the evidence, and the acquires behind it
	judged []*history.Operation // of the evidence, what the model is about
	from   int64                // where the window of ops begins, a hold with the return of its acquire
	to     int64                // and where it ends
}

func newProof(h *history.History, v Verdict) *proof {
	p := &proof{h: h, v: v, ops: involved(h, v)}
	for _, o := range evidenceOps(h, v) {
		if p.resource() == (o.Op == history.Read || o.Op == history.Write) && len(p.judged) < mostJudged {
			p.judged = append(p.judged, o)
		}
	}
	p.from = history.Open
	for _, o := range p.ops {
		begin := o.Call
		if o.Op == history.Acquire && o.Outcome == history.OK {
			begin = o.Return
		}
		p.from, p.to = min(p.from, begin), max(p.to, o.Call)
		if o.Return != history.Open {
			p.to = max(p.to, o.Return)
		}
	}
	return p
}

// resource tells whether the verdict is about the resource; else it is about the lock.
func (p *proof) resource() bool { return p.v.Checker == "fencing" }

// end is where what never returned ends in the picture: after everything else in it.
func (p *proof) end() int64 { return p.to + 1 }

// operations are the judged ones for porcupine.
func (p *proof) operations(rows []int32) []porcupine.Operation {
	var ops []porcupine.Operation
	for _, o := range p.judged {
		ret := o.Return
		if ret == history.Open || p.resource() && o.Outcome == history.Unknown {
			ret = p.end() // what had no answer may be carried out late
		}
		ops = append(ops, porcupine.Operation{
			ClientId: rowOf(rows, o.Client), Input: o, Call: o.Call, Return: ret, Metadata: detail(o),
		})
	}
	return ops
}

// rows are the clients that the picture shows, in order. Porcupine draws a row for every number up to the
// greatest, so that clients get the numbers of their rows.
func (p *proof) rows(notes []note) []int32 {
	var clients []int32
	for _, o := range p.judged {
		clients = append(clients, o.Client)
	}
	for _, n := range notes {
		if n.client != history.Nemesis {
			clients = append(clients, n.client)
		}
	}
	slices.Sort(clients)
	return slices.Compact(clients)
}

func rowOf(rows []int32, client int32) int {
	row, _ := slices.BinarySearch(rows, client)
	return row
}

//go:embed page.html.tmpl
var pageText string

// explain puts the verdict and its story under porcupine's picture, and names clients into its rows.
func (p *proof) explain(page []byte, l legend) ([]byte, error) {
	text, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("read the text of a page: %w", err)
	}
	var story []string
	for _, line := range p.v.Story[:min(len(p.v.Story), mostLines)] {
		story = append(story, clip(line, longDetail))
	}
	var out bytes.Buffer
	out.Write(bytes.TrimSuffix(bytes.TrimSpace(page), []byte(pageEnd)))
	err = text.Execute(&out, struct {
		legend
		Checker, Why string
		Story        []string
	}{l, p.v.Checker, clip(p.v.Why, longWhy), story})
	if err != nil {
		return nil, fmt.Errorf("write the page of %s: %w", p.v.Checker, err)
	}
	out.WriteString(pageEnd)
	return out.Bytes(), nil
}

// pageEnd is how porcupine ends its page.
const pageEnd = "</body>\n</html>"
