package results

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"lockquake/checker"
)

//go:embed report.html.tmpl summary.md.tmpl
var templates embed.FS

// contents is all that is stored of a cell.
type contents struct {
	Record
	Stats
	Costs     *Costs // nil: they were not measured
	Faults    []Struck
	Judgement checker.Judgement
	Files     []string // other than pictures
	Pictures  []picture
	windows   map[string]picture     // of counterexamples, by checker
	log       func() ([]byte, error) // the text of logFile
	measured  bool
	judged    bool
}

// load reads what is stored of every cell.
func (r *Run) load() ([]contents, error) {
	var all []contents
	for _, cell := range r.Cells() {
		c := contents{Record: cell.Record()}
		var m measurement
		var err error
		if c.measured, err = cell.readIfThere(statsFile, &m); err != nil {
			return nil, err
		}
		c.Stats, c.Faults = m.Stats, m.Faults
		if _, err = cell.readIfThere(costsFile, &c.Costs); err != nil {
			return nil, err
		}
		if c.judged, err = cell.readIfThere(verdictsFile, &c.Judgement); err != nil {
			return nil, err
		}
		c.Files = cell.otherFiles()
		c.log = func() ([]byte, error) { return r.read(filepath.Join("cells", c.Folder, logFile)) }
		all = append(all, c)
	}
	return all, nil
}

func (c *Cell) readIfThere(name string, v any) (bool, error) {
	data, err := c.run.read(c.name(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", c.Path(name), reason(err))
	}
	return true, nil
}

func (c *Cell) otherFiles() []string {
	entries, err := c.run.entries(c.name(""))
	if err != nil {
		return nil // a cell that was never begun has no folder
	}
	var names []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".png" && ext != ".svg" && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names
}

// picture is a plot in the report: inside it, or, when there are many, a link.
type picture struct {
	Name, Alt string
	Link      string           // to the PNG, relative to the run's folder
	Inline    htmltemplate.URL // data; empty: not in the report
}

// mostInline bounds the size of the report: about what pictures may take of it, in bytes.
const mostInline = 900 << 10

// album puts pictures into the report as long as there is room.
type album struct {
	run  *Run
	room int
}

func (a *album) picture(name, alt string) (picture, bool) {
	p := picture{Name: filepath.Base(name), Alt: alt, Link: filepath.ToSlash(name) + ".png"}
	png, err := a.run.read(name + ".png")
	if err != nil {
		return p, false // this cell, or this run, has none
	}
	mime, data := "image/png", png
	if svg, err := a.run.read(name + ".svg"); err == nil && len(svg) < len(png) {
		mime, data = "image/svg+xml", svg
	}
	if size := base64.StdEncoding.EncodedLen(len(data)); size <= a.room {
		a.room -= size
		p.Inline = htmltemplate.URL("data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(data))
	}
	return p, true
}

// page is what the templates see.
type page struct {
	Manifest
	Command    string
	Banner     string
	Tone       string // of the banner: the worst grade's
	Strategies []string
	Faults     []string
	Cells      []contents // the worst first
	planned    []contents // the same, in the order of the plan
	Pictures   []picture
	rows       map[[2]string][]contents
}

// FaultsDown tells whether the matrix has a row for each fault: a page is too narrow for many columns.
func (p *page) FaultsDown() bool { return len(p.Faults) > max(5, len(p.Strategies)) }

// report writes the run in every format.
func (r *Run) report(cells []contents) error {
	p := r.page(cells)
	for _, f := range Formats() {
		var text bytes.Buffer
		if err := f.make(p, &text); err != nil {
			return fmt.Errorf("write %s of %s: %w", f.File, r.dir, err)
		}
		if err := writeFile(r.Path(f.File), text.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) page(cells []contents) *page {
	p := newPage(r.Manifest(), cells)
	p.illustrate(r)
	return p
}

func writeHTML(p *page, w io.Writer) error {
	t, err := htmltemplate.New("report.html.tmpl").Funcs(htmltemplate.FuncMap(templateFuncs)).ParseFS(templates, "report.html.tmpl")
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

func writeMarkdown(p *page, w io.Writer) error {
	t, err := template.New("summary.md.tmpl").Funcs(templateFuncs).ParseFS(templates, "summary.md.tmpl")
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	text := regexp.MustCompile(`\n{3,}`).ReplaceAllString(b.String(), "\n\n")
	_, err = io.WriteString(w, Fitted(text, "The rest is left out: report.html has all."))
	return err
}

// latencyRow is a row of the table of what was measured.
type latencyRow struct {
	Name    string
	Latency Latency
}

// templateFuncs are the functions that the templates share.
var templateFuncs = map[string]any{
	"words":   words,
	"seconds": func(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) },
	"md":      markdown,
	"under":   underFault,
	"share":   func(f float64) string { return fmt.Sprintf("%.2f", f) },
	"row":     func(name string, l Latency) latencyRow { return latencyRow{name, l} },
}

func newPage(m Manifest, cells []contents) *page {
	p := &page{Manifest: m, Command: commandLine(m.Args), rows: map[[2]string][]contents{}, planned: cells}
	for _, c := range cells {
		at := [2]string{c.Strategy, c.Fault}
		p.rows[at] = append(p.rows[at], c)
		if !slices.Contains(p.Strategies, c.Strategy) {
			p.Strategies = append(p.Strategies, c.Strategy)
		}
		if !slices.Contains(p.Faults, c.Fault) {
			p.Faults = append(p.Faults, c.Fault)
		}
	}
	p.Cells = slices.Clone(cells)
	slices.SortStableFunc(p.Cells, func(a, b contents) int { return gravity(a) - gravity(b) })
	p.Banner, p.Tone = banner(p.Cells)
	return p
}

// outcome says whether a cell gave what was wanted, in one word.
func outcome(c contents) string { return c.Outcome() }

// guarantee is outcome without the thresholds.
func guarantee(c contents) string { return c.guarantee() }

// outcomes are what cells come out as, the worst first.
var outcomes = []string{"broken", string(Failed), "unknown", string(Planned), "missed", "held"}

// gravity orders cells, the worst first: by their outcome; among equals, the weaker grade.
func gravity(c contents) int { return slices.Index(outcomes, outcome(c))*10 + int(c.Grade) }

// illustrate gives room in the report to the gravest cells first, one picture each before a second.
func (p *page) illustrate(r *Run) {
	a := album{r, mostInline}
	inCells := func(name, alt string) {
		for i := range p.Cells {
			c := &p.Cells[i]
			if made, ok := a.picture(filepath.Join("cells", c.Folder, name), alt+": "+c.CellName.String()); ok {
				c.Pictures = append(c.Pictures, made)
			}
		}
	}
	inCells("timeline", "Who held the lock when")
	for _, run := range []struct{ name, alt string }{
		{"latency", "Time to acquire, strategies side by side"},
		{"contention", "How many clients waited"},
		{"grants", "Grants per client"},
	} {
		if made, ok := a.picture(run.name, run.alt); ok {
			p.Pictures = append(p.Pictures, made)
		}
	}
	p.showWindows(&a)
	inCells("latency", "Time to acquire over time")
	inCells("percentiles", "Percentiles")
}

// showWindows gives the stories their pictures.
func (p *page) showWindows(a *album) {
	for i := range p.Cells {
		c := &p.Cells[i]
		c.windows = map[string]picture{}
		for _, v := range byGravity(c.Judgement.Verdicts) {
			alt := "What " + v.Checker + " found: " + c.CellName.String()
			if made, ok := a.picture(filepath.Join("cells", c.Folder, counterexampleOf(v.Checker)), alt); ok {
				c.windows[v.Checker] = made
			}
		}
	}
}

// At is what the matrix shows of a strategy under a fault: the worst of the repeats.
func (p *page) At(strategy, fault string) []square {
	repeats := slices.Clone(p.rows[[2]string{strategy, fault}])
	if len(repeats) == 0 {
		return nil
	}
	slices.SortStableFunc(repeats, func(a, b contents) int { return gravity(a) - gravity(b) })
	worst := repeats[0]
	s := square{Word: word(worst), Tone: tone(worst), Why: worst.Why, Folder: worst.Folder, Beside: beside(worst)}
	if len(repeats) > 1 {
		same := 0
		for _, c := range repeats {
			if word(c) == s.Word {
				same++
			}
		}
		s.Of = fmt.Sprintf("%d of %d", same, len(repeats))
	}
	return []square{s}
}

// square is a field of the matrix.
type square struct{ Word, Tone, Why, Folder, Beside, Of string }

func word(c contents) string {
	if c.State != Done {
		return string(c.State)
	}
	return c.Grade.String()
}

// tone is the colour of a grade; of one that looks good in a cell that did not hold, that of how the cell came out.
func tone(c contents) string {
	switch o := outcome(c); {
	case c.Grade == checker.Unsafe || o == "held":
		return c.Grade.String()
	case o == "broken":
		return checker.Unsafe.String()
	}
	return "unknown"
}

// beside names what is broken or unknown in a cell besides what its grade says.
func beside(c contents) string {
	var notes []string
	if what := outcome(c); what == "broken" {
		notes = append(notes, what)
	}
	for _, v := range c.Judgement.Verdicts {
		if slices.Contains([]string{"exclusion", "lease-bounded", "fencing", "promise"}, v.Checker) || v.Validity == checker.Valid {
			continue
		}
		notes = append(notes, v.Checker+" "+v.Validity.String())
	}
	for _, t := range c.Thresholds {
		if t.Validity != checker.Valid {
			notes = append(notes, t.Name+" "+t.Word())
		}
	}
	return strings.Join(notes, ", ")
}

// Tone is the colour of a cell.
func (c contents) Tone() string { return tone(c) }

// Word is a cell's grade, or its state if it has none.
func (c contents) Word() string { return word(c) }

// Beside is what its grade does not say.
func (c contents) Beside() string { return beside(c) }

// story is what verdicts tell; several may tell the same.
type story struct {
	By       string
	Lines    []string
	Pages    []link
	Pictures []picture
}

// link is a file, relative to the run's folder, and what it is about.
type link struct{ Name, Href string }

// Stories are those of the verdicts, the gravest first, each told once.
func (c contents) Stories() []story {
	var told []story
	for _, v := range byGravity(c.Judgement.Verdicts) {
		if len(v.Story) == 0 {
			continue
		}
		same := slices.IndexFunc(told, func(s story) bool { return slices.Equal(s.Lines, v.Story) })
		if same < 0 {
			told = append(told, story{By: v.Checker, Lines: v.Story})
			same = len(told) - 1
		} else {
			told[same].By += " and " + v.Checker
		}
		told[same].show(c, v.Checker)
	}
	return told
}

// show adds what there is of a checker's counterexample besides words.
func (s *story) show(c contents, checker string) {
	if file := counterexampleOf(checker) + ".html"; slices.Contains(c.Files, file) {
		s.Pages = append(s.Pages, link{checker, "cells/" + c.Folder + "/" + file})
	}
	if made, ok := c.windows[checker]; ok {
		s.Pictures = append(s.Pictures, made)
	}
}

// banner is the run in one sentence: how many cells came out how, and the worst of them by name.
func banner(worstFirst []contents) (sentence, worstTone string) {
	if len(worstFirst) == 0 {
		return "No cells were planned.", "unknown"
	}
	counts := map[string]int{}
	for _, c := range worstFirst {
		counts[outcome(c)]++
	}
	var parts []string
	for _, o := range outcomes {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[o], o))
		}
	}
	sentence = fmt.Sprintf("%s: %s", cellCount(len(worstFirst)), strings.Join(parts, ", "))
	worst := worstFirst[0]
	tones := map[string]string{"held": checker.Exclusive.String(), "broken": checker.Unsafe.String()}
	if o := outcome(worst); o != "held" {
		sentence += fmt.Sprintf("; worst is %s", worst.CellName)
		if worst.Why != "" {
			sentence += ": " + strings.TrimSuffix(worst.Why, ".")
		}
	}
	return sentence + ".", cmp.Or(tones[outcome(worst)], "unknown")
}

func cellCount(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return fmt.Sprintf("%d cells", n)
}

// commandLine spells arguments so that a shell takes them as they were.
func commandLine(args []string) string {
	var quoted []string
	for _, arg := range args {
		plain := strings.IndexFunc(arg, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%", r)
		}) < 0
		if !plain || arg == "" {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		quoted = append(quoted, arg)
	}
	return strings.Join(quoted, " ")
}

// markdown keeps text from being taken for markup or for a table's border.
func markdown(v any) string {
	text := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "`", "\\`", "[", `\[`, "]", `\]`).Replace(text)
}
