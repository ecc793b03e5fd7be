package results

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	"time"

	"lockquake/checker"
)

// assets are what report.html is made of. uPlot is as npm has it (uplot@1.6.32).
//
//go:embed report.html.tmpl assets
var assets embed.FS

const (
	uplot       = "assets/uplot-1.6.32/"
	reportStyle = "assets/report.css" // also that of the pages that serve shows
)

// sheet is report.html as its template sees it.
type sheet struct {
	*page
	Style    htmltemplate.CSS
	Script   htmltemplate.JS
	Policy   string
	Sections []*section      // the gravest first
	named    map[string]bool // by their folders
	More     int             // cells for which there is not even room for their names: cells.csv has them

	Gravest    []*section // in which something broke, whether or not anything better was promised
	MoreGrave  int
	Rows       []contents // cells that were measured, in the order of the plan
	MoreRows   int
	FaultKinds []faultKind

	Heat      []heatRow
	HeatTime  time.Duration
	HeatMost  float64
	HeatMap   htmltemplate.URL
	HeatScale htmltemplate.URL
	HeatFault htmltemplate.URL
	MoreHeat  int

	Settings  []fact
	Schedules []scheduleRow
	missed    []string // injections that were planned and not made
}

// writeHTML writes the report: one file that needs nothing else, with links to files of the run that hold wherever its
// folder is.
func writeHTML(p *page, w io.Writer) error {
	s, err := newSheet(p)
	if err != nil {
		return err
	}
	t, err := sheetTemplate()
	if err != nil {
		return err
	}
	if err := s.fill(t); err != nil {
		return err
	}
	return t.Execute(w, s)
}

func sheetTemplate() (*htmltemplate.Template, error) {
	return htmltemplate.New("report.html.tmpl").Funcs(templateFuncs).ParseFS(assets, "report.html.tmpl")
}

func newSheet(p *page) (*sheet, error) {
	style, script, err := styleAndScript()
	if err != nil {
		return nil, err
	}
	s := &sheet{page: p, Style: htmltemplate.CSS(style), Script: htmltemplate.JS(script), Policy: policy(style, script),
		named: map[string]bool{}}
	for i, c := range p.Cells {
		if i == mostNamed {
			s.More = len(p.Cells) - mostNamed
			break
		}
		section := &section{contents: c}
		if err := section.read(p.run); err != nil {
			return nil, err
		}
		section.Open = section.grave() && i < mostOpen
		s.Sections = append(s.Sections, section)
		s.named[c.Folder] = true
	}
	s.list()
	s.readPlans()
	return s, s.heat()
}

// mostOpen is how many cells show everything at first.
const mostOpen = 3

// read gets what the cell's charts are drawn from, or the pictures that there are instead.
func (s *section) read(r *Run) error {
	var c charts
	there, err := r.readIfThere(href(s.Folder, chartsFile), &c)
	if err != nil {
		return err
	}
	if there && c.sound() {
		s.charts = &c
	} else {
		s.pictures = r.album(s.contents)
	}
	return nil
}

// sound tells whether charts can be drawn: they are as this package writes them.
func (c *charts) sound() bool {
	if c.Version != chartsVersion || len(c.OverTime) == 0 || len(c.Holders) == 0 {
		return false
	}
	for _, o := range c.OverTime {
		if o.Parts < 1 || o.Parts > grains()[0] || len(o.Oldest) != o.Parts || len(o.Acquired) > o.Parts || len(o.Failed) > o.Parts {
			return false
		}
	}
	for _, h := range c.Holders {
		if len(h.Clients) > mostRows {
			return false
		}
	}
	return len(c.Keys) <= mostKeys
}

// styleAndScript are those of the page, word for word.
func styleAndScript() (style, script string, err error) {
	var parts []string
	for _, name := range []string{uplot + "uPlot.min.css", reportStyle, uplot + "LICENSE", uplot + "uPlot.iife.min.js", "assets/report.js"} {
		text, err := assets.ReadFile(name)
		if err != nil {
			return "", "", fmt.Errorf("read what the page is made of: %w", err)
		}
		parts = append(parts, string(text))
	}
	return parts[0] + parts[1], "/* uPlot 1.6.32\n" + parts[2] + "*/\n" + parts[3] + parts[4], nil
}

// policy is the page's own: nothing runs but its script, nothing is fetched.
func policy(style, script string) string {
	return fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'", hash(script), hash(style))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Link leads to a cell in the page or, if it is not there, to where it is.
func (s *sheet) Link(folder string) string {
	if s.named[folder] {
		return "#" + folder
	}
	return "cells.csv"
}

// linkedSquare is a field of the matrix in the page.
type linkedSquare struct {
	square
	Link string
}

// At is that of the page, with links.
func (s *sheet) At(strategy, fault string) []linkedSquare {
	var squares []linkedSquare
	for _, sq := range s.page.At(strategy, fault) {
		squares = append(squares, linkedSquare{sq, s.Link(sq.Folder)})
	}
	return squares
}

// mostGravest is how many cells are named below the banner.
const mostGravest = 8

// mostMeasured is how many rows the table of numbers has.
const mostMeasured = 250

// list fills in what is listed of cells.
func (s *sheet) list() {
	for _, section := range s.Sections {
		if section.Tone() != checker.Unsafe.String() {
			continue
		}
		if len(s.Gravest) < mostGravest {
			s.Gravest = append(s.Gravest, section)
		} else {
			s.MoreGrave++
		}
	}
	for _, c := range s.planned {
		switch {
		case !c.measured:
		case len(s.Rows) < mostMeasured:
			s.Rows = append(s.Rows, c)
		default:
			s.MoreRows++
		}
	}
	s.FaultKinds = faultKinds(s.planned)
}

// comparedCell is a line of the chart that compares strategies.
type comparedCell struct {
	Strategy string    `json:"strategy"`
	Fault    string    `json:"fault"`
	Curve    dataCurve `json:"curve"`
}

// Compared are the first repeats of the measured cells, as many as the table of numbers has.
func (s *sheet) Compared() []comparedCell {
	var cells []comparedCell
	for _, c := range s.Rows {
		if c.Repeat == 1 && c.Acquire.Count > 0 && !c.Unstable() {
			row := measuredRow{acquireRow, c.Acquire}
			cells = append(cells, comparedCell{c.Strategy, c.Fault, dataCurve{"", row.Count, row.everySecond()}})
		}
	}
	return cells
}

// Files are those of the run's folder.
func (s *sheet) Files() []link {
	var links []link
	for _, file := range s.run.files(".") {
		if !strings.HasSuffix(file, ".svg") && file != "report.html" {
			links = append(links, link{file, file})
		}
	}
	return links
}
