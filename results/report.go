package results

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
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

//go:embed summary.md.tmpl
var templates embed.FS

// contents is all that is stored of a cell.
type contents struct {
	Record
	Stats
	Costs     *Costs // nil: they were not measured
	Faults    []Struck
	Judgement checker.Judgement
	Files     []string               // all that there are in the cell's folder
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
		c.Files = r.files(cell.name(""))
		c.log = func() ([]byte, error) { return r.read(filepath.Join("cells", c.Folder, logFile)) }
		all = append(all, c)
	}
	return all, nil
}

func (c *Cell) readIfThere(name string, v any) (bool, error) {
	return c.run.readIfThere(c.name(name), v)
}

func (r *Run) readIfThere(name string, v any) (bool, error) {
	data, err := r.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", r.Path(name), reason(err))
	}
	return true, nil
}

// files are the names of the files in a folder of the run's, in order; none if it is not there.
func (r *Run) files(folder string) (names []string) {
	entries, err := r.entries(folder)
	if err != nil {
		return nil // a cell that was never begun has no folder
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names
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
	run        *Run
	rows       map[[2]string][]contents
}

// FaultsDown tells whether the matrix has a row for each fault: a page is too narrow for many columns.
func (p *page) FaultsDown() bool { return len(p.Faults) > max(5, len(p.Strategies)) }

// report writes the run in every format.
func (r *Run) report(cells []contents) error {
	p := r.page(cells)
	for _, f := range slices.Backward(Formats()) { // the page last: it links the others
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
	p.run = r
	return p
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

// templateFuncs are the functions that the templates share.
var templateFuncs = map[string]any{
	"words":   words,
	"seconds": func(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) },
	"md":      markdown,
	"under":   underFault,
	"share":   func(f float64) string { return fmt.Sprintf("%.2f", f) },
}

func newPage(m Manifest, cells []contents) *page {
	p := &page{Manifest: m, Command: m.Command(), rows: map[[2]string][]contents{}, planned: cells}
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
	Checkers []string
	Lines    []string
}

// By names who tells it.
func (s story) By() string { return strings.Join(s.Checkers, " and ") }

// Stories are those of the verdicts, the gravest first, each told once.
func (c contents) Stories() []story {
	var told []story
	for _, v := range byGravity(c.Judgement.Verdicts) {
		if len(v.Story) == 0 {
			continue
		}
		same := slices.IndexFunc(told, func(s story) bool { return slices.Equal(s.Lines, v.Story) })
		if same < 0 {
			told = append(told, story{Lines: v.Story})
			same = len(told) - 1
		}
		told[same].Checkers = append(told[same].Checkers, v.Checker)
	}
	return told
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
	sentence = fmt.Sprintf("%s: %s", plural(len(worstFirst), "cell"), strings.Join(parts, ", "))
	worst := worstFirst[0]
	tones := map[string]string{"held": checker.Exclusive.String(), "broken": checker.Unsafe.String()}
	if o := outcome(worst); o != "held" {
		sentence += fmt.Sprintf("; worst is %s", worst.CellName)
		if worst.Why != "" {
			sentence += ": " + strings.TrimSuffix(worst.Why, ".")
		}
	} else if n := unsafe(worstFirst); n > 0 {
		sentence += fmt.Sprintf("; %d of them unsafe, where nothing better is promised", n)
	}
	return sentence + ".", cmp.Or(tones[outcome(worst)], "unknown")
}

// unsafe is how many cells are, whether or not that was wanted.
func unsafe(cells []contents) (n int) {
	for _, c := range cells {
		if c.State == Done && c.Grade == checker.Unsafe {
			n++
		}
	}
	return n
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
