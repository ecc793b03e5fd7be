package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// section is what the report has of a cell, as much as there is room for.
type section struct {
	contents
	Told     bool // verdicts, stories, what faults did, what was measured; else the cell is only named
	Drawn    bool // its timelines
	Data     *cellData
	Open     bool // at first
	charts   *charts
	pictures []picture // of a cell that has no charts
	size     int       // of all that, in bytes
}

// grave tells whether a cell is to be shown before others: it did not hold, or it did though harm was done.
func (s *section) grave() bool { return outcome(s.contents) != "held" || s.Tone() == "unsafe" }

// Outcome is what became of it in one word.
func (s *section) Outcome() string { return outcome(s.contents) }

// AgainLine is the command that makes this cell again; empty: there is none for it alone.
func (s *section) AgainLine() string { return commandLine(s.Again) }

// LastOf is how many repeats that makes, of which this cell is the last; 0: one.
func (s *section) LastOf() int {
	if s.Repeat > 1 && slices.Contains(s.Again, fmt.Sprintf("--repeat=%d", s.Repeat)) {
		return s.Repeat
	}
	return 0
}

// Timeline is the cell's own one, if it is shown.
func (s *section) Timeline() []drawing { return s.drawings("") }

// drawings are those of a checker's counterexample, or of the cell.
func (s *section) drawings(by string) []drawing {
	if !s.Drawn || s.charts == nil {
		return nil
	}
	var all []drawing
	for _, c := range s.charts.Holders {
		if c.By == by {
			all = append(all, c.draw())
		}
	}
	return all
}

// tale is a story with what is there to see of it.
type tale struct {
	story
	Drawings []drawing
	Pages    []link
}

// link is a file, relative to the run's folder, and what it is about.
type link struct{ Name, Href string }

// Tales are the stories of the cell.
func (s *section) Tales() []tale {
	var tales []tale
	for _, st := range s.Stories() {
		t := tale{story: st}
		for _, checker := range st.Checkers {
			t.Drawings = append(t.Drawings, s.drawings(checker)...)
			if file := counterexampleOf(checker) + ".html"; slices.Contains(s.Files, file) {
				t.Pages = append(t.Pages, link{checker, href(s.Folder, file)})
			}
		}
		tales = append(tales, t)
	}
	return tales
}

// mostStruck is how many faults of a cell the report lists.
const mostStruck = 20

// Struck are the cell's faults, those without evidence first if there are too many.
func (s *section) Struck() []Struck {
	if len(s.Faults) <= mostStruck {
		return s.Faults
	}
	sorted := slices.Clone(s.Faults)
	slices.SortStableFunc(sorted, func(a, b Struck) int {
		switch {
		case a.Observed == b.Observed:
			return 0
		case b.Observed:
			return -1
		}
		return 1
	})
	return sorted[:mostStruck]
}

// MoreStruck is how many faults are not listed.
func (s *section) MoreStruck() int { return max(0, len(s.Faults)-mostStruck) }

// Measured are the rows of what was measured, but for an acquire that means nothing.
func (s *section) Measured() []measuredRow {
	rows := []measuredRow{{acquireRow, s.Acquire}, {"handoff, release called to next acquired", s.Handoff},
		{"hold", s.Hold}, {"loss noticed, after the next owner acquired", s.Detection}}
	if s.Unstable() {
		rows = rows[1:]
	}
	return slices.DeleteFunc(rows, func(r measuredRow) bool { return r.Count == 0 })
}

const acquireRow = "time to acquire"

// measuredRow is a row of that table.
type measuredRow struct {
	Name string
	Latency
}

// clientShares are the grants of a cell's clients, as bars and in words.
type clientShares struct {
	Text  string
	Path  string // a bar a client, 16 high at most
	Width int
	More  int // clients that are not listed
}

// mostClients is how many clients' grants are listed.
const mostClients = 24

// Shares are nil if no client asked for the lock.
func (s *section) Shares() *clientShares {
	if len(s.Grants) == 0 {
		return nil
	}
	shown := s.Grants[:min(len(s.Grants), mostClients)]
	sh := &clientShares{Width: 8 * len(shown), More: len(s.Grants) - len(shown)}
	var words []string
	for i, g := range shown {
		words = append(words, fmt.Sprintf("c%d %d", g.Client, g.Count))
		sh.Path += fmt.Sprintf("M%d 16v-%d", 8*i+4, int(float64(g.Count)/max(mostGrants(s.Grants), 1)*16+0.5))
	}
	sh.Text = strings.Join(words, ", ")
	return sh
}

// Album are its pictures in the page.
func (s *section) Album() []picture {
	return slices.DeleteFunc(slices.Clone(s.pictures), func(p picture) bool { return p.Inline == "" })
}

// Links are the cell's files that a person may want, those of its timelines and pages aside.
func (s *section) Links() []link {
	var links []link
	for _, l := range []link{
		{"story", counterexample + ".txt"}, {"history", historyFile}, {"plan", planFile}, {"verdicts", verdictsFile}, {"numbers", statsFile},
		{"timeline", "timeline.png"}, {"latency", "latency.png"}, {"percentiles", "percentiles.png"},
	} {
		if slices.Contains(s.Files, l.Href) {
			links = append(links, link{l.Name, href(s.Folder, l.Href)})
		}
	}
	return links
}

// Few are those of the files that tell most, for a cell that is only named.
func (s *section) Few() []link {
	return slices.DeleteFunc(s.Links(), func(l link) bool { return l.Name != "timeline" && l.Name != "verdicts" })
}

// Missing are sentences on what the page has no room for.
func (s *section) Missing() []string {
	var missing []string
	if s.charts != nil && !s.Drawn {
		missing = append(missing, "The timeline has no room here: see the picture below.")
	}
	if s.charts != nil && s.Data == nil {
		missing = append(missing, "The charts have no room here: see the pictures below.")
	}
	if n := len(s.pictures) - len(s.Album()); n > 0 {
		missing = append(missing, plural(n, "picture")+" without room here: see below.")
	}
	return missing
}

// cellData is what the charts of a cell are drawn from in the page.
type cellData struct {
	Strategy string       `json:"strategy"`
	Fault    string       `json:"fault"`
	Repeat   int          `json:"repeat"`
	Seconds  float64      `json:"seconds"` // of the history
	Over     dataOver     `json:"over"`
	Faults   []dataFault  `json:"faults"`
	Unshaded int          `json:"unshaded,omitempty"` // faults that are not among them
	Curves   []dataCurve  `json:"curves"`
	Bins     []dataBins   `json:"bins"`
	Keys     []keyWaiters `json:"keys,omitempty"`
}

// dataFault is the window of a fault, in seconds.
type dataFault struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Label string  `json:"label"`
}

// dataCurve has the percentiles of n durations in µs: of one in 1, 10^(1/8), 10^(2/8), ... so long, and last the longest.
type dataCurve struct {
	Name string  `json:"name,omitempty"`
	N    int64   `json:"n"`
	Took []rough `json:"us"`
}

// dataBins are [n, count]: so many took 10^(n/10) µs or longer, up to 10^((n+1)/10) µs.
type dataBins struct {
	Name string     `json:"name"`
	Bins [][2]int64 `json:"bins"`
}

// mostShaded is how many faults a chart shades.
const mostShaded = 60

// data has the acquires over time in the finest parts of which there are no more than some number.
func (s *section) data(parts int) *cellData {
	d := &cellData{Strategy: s.Strategy, Fault: s.Fault, Repeat: s.Repeat, Seconds: round3(s.charts.Duration), Keys: s.charts.Keys,
		Unshaded: max(0, len(s.Faults)-mostShaded)}
	for _, over := range s.charts.OverTime {
		if d.Over = over.data(); over.Parts <= parts {
			break
		}
	}
	for _, f := range s.Faults[:min(len(s.Faults), mostShaded)] {
		d.Faults = append(d.Faults, dataFault{round3(f.From), round3(f.To), clipped(f.Fault, longLabel)})
	}
	for _, l := range []measuredRow{{acquireRow, s.Acquire}, {"handoff", s.Handoff}, {"hold", s.Hold}} {
		if l.Count == 0 {
			continue
		}
		d.Curves = append(d.Curves, dataCurve{l.Name, l.Count, l.everySecond()})
		if l.Name != acquireRow {
			d.Bins = append(d.Bins, l.dataBins())
		}
	}
	return d
}

// rough is a number that is written with three digits, which is what charts show: 2129750 as 213e4.
type rough int64

// MarshalJSON writes it the shorter way.
func (r rough) MarshalJSON() ([]byte, error) {
	exponent, unit := 0, int64(1)
	for int64(r)/unit >= 1000 {
		exponent, unit = exponent+1, unit*10
	}
	mantissa := (int64(r) + unit/2) / unit
	for exponent > 0 && mantissa%10 == 0 {
		mantissa, exponent = mantissa/10, exponent+1
	}
	text := strconv.AppendInt(nil, mantissa, 10)
	if exponent > 0 {
		text = strconv.AppendInt(append(text, 'e'), int64(exponent), 10)
	}
	return text, nil
}

// dataOver is overTime for a page.
type dataOver struct {
	Parts    int     `json:"parts"`
	Acquired [][]any `json:"acquired_us"` // [part, took], or [part, how many, least, median, most]
	Failed   [][]any `json:"failed_us"`   // [part, how many, most]
	Oldest   []rough `json:"oldest_us"`
}

func (o overTime) data() dataOver {
	d := dataOver{Parts: o.Parts, Acquired: [][]any{}, Failed: [][]any{}}
	for _, row := range o.Acquired {
		switch len(row) {
		case 2:
			d.Acquired = append(d.Acquired, []any{row[0], rough(row[1])})
		case 6:
			d.Acquired = append(d.Acquired, []any{row[0], row[1], rough(row[2]), rough(row[3]), rough(row[5])})
		}
	}
	for _, row := range o.Failed {
		if len(row) == 3 {
			d.Failed = append(d.Failed, []any{row[0], row[1], rough(row[2])})
		}
	}
	for _, us := range o.Oldest {
		d.Oldest = append(d.Oldest, rough(us))
	}
	return d
}

// round3 is a time in seconds, to the millisecond.
func round3(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)) / float64(time.Second)
}

// everySecond is every second point of the curve, and the last.
func (r measuredRow) everySecond() []rough {
	var took []rough
	for i, q := range r.Curve {
		if i%2 == 0 || i == len(r.Curve)-1 {
			took = append(took, rough(micros(q.At)))
		}
	}
	return took
}

func (r measuredRow) dataBins() dataBins {
	d := dataBins{Name: r.Name, Bins: [][2]int64{}}
	for _, b := range r.Latency.Bins {
		place := math.Round(math.Log10(max(float64(b.From)/float64(time.Microsecond), 1)) * binsPerDecade)
		d.Bins = append(d.Bins, [2]int64{int64(place), b.Count})
	}
	return d
}
