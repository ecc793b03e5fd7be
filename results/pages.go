package results

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lockquake/checker"
)

// The pages that lead to the reports of several runs. Their links are those of an address that has the list at /, a
// comparison at /compare, the style sheet at /style.css, and the folder of a run at /runs/NAME/.

//go:embed pages.html.tmpl pages.css
var pageFiles embed.FS

// Filter says which runs a list is to show. Empty fields let all through.
type Filter struct {
	Text     string // all of its words are said somewhere of the run
	Strategy string // together with Fault and Outcome: there is a cell that has them all
	Fault    string
	Outcome  string // of a cell, or Damaged
	Page     int    // from 1
}

// Damaged is the outcome of a run that cannot be read.
const Damaged = "damaged"

// runsOnPage bounds a page of the list.
const runsOnPage = 100

// FilterOf reads a filter from a query, and leaves out what it does not understand.
func FilterOf(query url.Values) Filter {
	page, err := strconv.Atoi(query.Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	return Filter{query.Get("text"), query.Get("strategy"), query.Get("fault"), query.Get("outcome"), page}
}

// Query is the filter as a query, on another page.
func (f Filter) Query(page int) string {
	q := url.Values{}
	for name, value := range map[string]string{"text": f.Text, "strategy": f.Strategy, "fault": f.Fault, "outcome": f.Outcome} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return "?" + q.Encode()
}

// Narrow tells whether it leaves any run out.
func (f Filter) Narrow() bool { return f.Text+f.Strategy+f.Fault+f.Outcome != "" }

func (f Filter) lets(r runRow) bool {
	return f.letsCells(r) && f.letsText(r)
}

func (f Filter) letsCells(r runRow) bool {
	if f.Strategy+f.Fault+f.Outcome == "" {
		return true
	}
	if r.Damage != "" {
		return f.Strategy+f.Fault == "" && f.Outcome == Damaged
	}
	is := func(wanted, has string) bool { return wanted == "" || wanted == has }
	return slices.ContainsFunc(r.Cells, func(c Record) bool {
		return is(f.Strategy, c.Strategy) && is(f.Fault, c.Fault) && is(f.Outcome, c.Outcome())
	})
}

func (f Filter) letsText(r runRow) bool {
	said := strings.ToLower(strings.Join([]string{r.Name, r.Said, r.Command(), strings.Join(r.Strategies, " "), strings.Join(r.Faults, " ")}, " "))
	for word := range strings.FieldsSeq(strings.ToLower(f.Text)) {
		if !strings.Contains(said, word) {
			return false
		}
	}
	return true
}

// runRow is a run as the list shows it.
type runRow struct {
	Listed
	Said, Tone         string // its worst cell, in a sentence; empty: all held
	Strategies, Faults []string
}

func newRunRow(l Listed) runRow {
	r := runRow{Listed: l, Said: l.Damage, Tone: "unknown"}
	if l.Damage != "" {
		return r
	}
	var cells []contents
	for _, c := range l.Cells {
		cells = append(cells, contents{Record: c})
	}
	p := newPage(l.Manifest, cells)
	r.Tone, r.Strategies, r.Faults = p.Tone, p.Strategies, p.Faults
	_, r.Said, _ = strings.Cut(p.Banner, "; ") // how many came out how is said beside it
	return r
}

// indexPage is the list of runs as the template sees it.
type indexPage struct {
	Filter
	Folder                       string
	Runs                         []runRow
	Total, Matching, First, Last int
	Newer, Older                 string // queries of the pages beside it; empty: there is none
	Strategies, Faults, Outcomes []string
}

// WriteIndex writes the page that lists the runs of a folder.
func WriteIndex(w io.Writer, folder string, f Filter) error {
	p := indexPage{Filter: f, Folder: folder, Outcomes: append(slices.Clone(outcomes), Damaged)}
	var matching []runRow
	for _, l := range List(folder) {
		r := newRunRow(l)
		p.Total++
		p.Strategies = merged(p.Strategies, r.Strategies)
		p.Faults = merged(p.Faults, r.Faults)
		if f.lets(r) {
			matching = append(matching, r)
		}
	}
	slices.Sort(p.Strategies)
	slices.Sort(p.Faults)
	p.turnTo(matching)
	return writePage(w, "index", p)
}

// turnTo puts the runs of the filter's page on it.
func (p *indexPage) turnTo(matching []runRow) {
	p.Matching = len(matching)
	last := max(1, (len(matching)+runsOnPage-1)/runsOnPage)
	page := min(p.Page, last)
	from, to := (page-1)*runsOnPage, min(page*runsOnPage, len(matching))
	p.Runs, p.First, p.Last = matching[from:to], from+1, to
	if page > 1 {
		p.Newer = p.Query(page - 1)
	}
	if page < last {
		p.Older = p.Query(page + 1)
	}
}

func merged(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// comparisonPage is a comparison as the template sees it: a column for each run, the first one first.
type comparisonPage struct {
	Comparison
	Before  Listed
	Others  []comparedRun
	Rows    []comparedRow
	Command string
}

type comparedRun struct {
	Listed
	Difference
}

// comparedRow is one strategy under one fault.
type comparedRow struct {
	Strategy, Fault string
	Before          Standing
	After           []CellDifference // by run; zero: neither it nor the first has such a cell
	Figures         []comparedFigure
}

// comparedFigure is a statistic of it, as far as it was measured.
type comparedFigure struct {
	Name, Unit string
	Before     Summary
	After      []MetricDifference // by run; zero: not measured in both
}

// At is the query of the same comparison with another one of its runs as the first.
func (p comparisonPage) At(before string) string {
	q := url.Values{"before": {before}, "run": {p.Before.Name}}
	for _, r := range p.Others {
		q.Add("run", r.Name)
	}
	return "?" + q.Encode()
}

// WriteComparison writes the page that compares the first of some runs of a folder with the others.
func WriteComparison(w io.Writer, folder string, names []string) error {
	var runs []*Run
	p := comparisonPage{Command: "lockquake compare"}
	for _, name := range names {
		run, err := OpenIn(folder, name)
		if err != nil {
			return err
		}
		runs = append(runs, run)
		p.Command += " " + commandLine([]string{filepath.Join(folder, name)})
	}
	p.Before = Listed{Name: names[0], Manifest: runs[0].Manifest()}
	var err error
	if p.Comparison, err = CompareAll(runs[0], runs[1:]...); err != nil {
		return err
	}
	for i, run := range runs[1:] {
		p.Others = append(p.Others, comparedRun{Listed{Name: names[i+1], Manifest: run.Manifest()}, p.Differences[i]})
	}
	p.arrange()
	return writePage(w, "comparison", p)
}

// arrange makes rows of the differences.
func (p *comparisonPage) arrange() {
	for i, run := range p.Others {
		for _, c := range run.Difference.Cells {
			row := p.row(c.Strategy, c.Fault)
			row.After[i] = c
			row.Before = c.Before
			for _, m := range c.Metrics {
				f := row.figure(m, len(p.Others))
				f.Before, f.After[i] = m.Before, m
			}
		}
	}
}

func (p *comparisonPage) row(strategy, fault string) *comparedRow {
	i := slices.IndexFunc(p.Rows, func(r comparedRow) bool { return r.Strategy == strategy && r.Fault == fault })
	if i < 0 {
		i = len(p.Rows)
		p.Rows = append(p.Rows, comparedRow{Strategy: strategy, Fault: fault, After: make([]CellDifference, len(p.Others))})
	}
	return &p.Rows[i]
}

func (r *comparedRow) figure(m MetricDifference, runs int) *comparedFigure {
	i := slices.IndexFunc(r.Figures, func(f comparedFigure) bool { return f.Name == m.Name })
	if i < 0 {
		i = len(r.Figures)
		r.Figures = append(r.Figures, comparedFigure{Name: m.Name, Unit: m.Unit, After: make([]MetricDifference, runs)})
	}
	return &r.Figures[i]
}

// WriteProblem writes a page that says why there is no other one.
func WriteProblem(w io.Writer, title, what string) error {
	return writePage(w, "problem", struct{ Title, What string }{title, what})
}

// Style is the style sheet of the pages: that of the reports, and what lists and comparisons need besides.
func Style() []byte {
	report, err := assets.ReadFile(reportStyle)
	own, err2 := pageFiles.ReadFile("pages.css")
	if err := errors.Join(err, err2); err != nil {
		panic(err) // they are built in
	}
	return append(report, own...)
}

func writePage(w io.Writer, name string, data any) error {
	t, err := htmltemplate.New("pages").Funcs(htmltemplate.FuncMap(templateFuncs)).Funcs(htmltemplate.FuncMap{
		"segment": url.PathEscape,
		"choice":  func(name, given string, values []string) choice { return choice{name, given, values} },
		"came":    outcomeTone,
		"became":  changeTone,
		"metric":  metricTone,
		"took":    func(d time.Duration) string { return d.Round(time.Second).String() },
		"when":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	}).ParseFS(pageFiles, "pages.html.tmpl")
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, data)
}

// choice is a list to choose from.
type choice struct {
	Name, Given string
	Values      []string
}

func outcomeTone(outcome string) string {
	switch outcome {
	case "held":
		return checker.Exclusive.String()
	case "broken":
		return checker.Unsafe.String()
	}
	return "unknown"
}

// changeTone is the colour of a change.
func changeTone(c Change) string {
	switch c {
	case Worse:
		return checker.Unsafe.String()
	case Better:
		return checker.Exclusive.String()
	case Same:
		return "same"
	}
	return "unknown"
}

// metricTone is the colour of a change of a number; what may be chance has none.
func metricTone(m MetricDifference) string {
	switch {
	case !m.Significant():
		return ""
	case m.Loss() > 0:
		return changeTone(Worse)
	}
	return changeTone(Better)
}

// tally counts the guarantees that changed in a way, and apart from them the cells that only one of the runs has.
func (d Difference) tally() (changed map[Change]int, alone int) {
	changed = map[Change]int{}
	for _, c := range d.Cells {
		if c.Before.Repeats == 0 || c.After.Repeats == 0 {
			alone++
			continue
		}
		changed[c.Change]++
	}
	return changed, alone
}

// Worst is the change of the guarantee that got worst, of those that both runs have.
func (d Difference) Worst() Change {
	changed, _ := d.tally()
	for _, change := range []Change{Worse, UnknownChange, Better} {
		if changed[change] > 0 {
			return change
		}
	}
	return Same
}

// figures are how many numbers surely got worse, and better.
func (d Difference) figures() (worse, better int) {
	for _, c := range d.Cells {
		for _, m := range c.Metrics {
			switch metricTone(m) {
			case changeTone(Worse):
				worse++
			case changeTone(Better):
				better++
			}
		}
	}
	return worse, better
}

// Sentence is the difference in one sentence.
func (d Difference) Sentence() string {
	changed, alone := d.tally()
	var parts []string
	for _, c := range []struct {
		count int
		what  string
	}{
		{changed[Worse], "got worse"}, {changed[UnknownChange], "unknown"}, {changed[Better], "got better"}, {changed[Same], "the same"},
		{alone, "in one of the runs only"},
	} {
		if c.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.count, c.what))
		}
	}
	if len(parts) == 0 {
		return "There is nothing to compare."
	}
	sentence := "Guarantees: " + strings.Join(parts, ", ")
	if worse, better := d.figures(); worse+better > 0 {
		sentence += fmt.Sprintf("; figures: %d worse, %d better", worse, better)
	}
	return sentence + "."
}
