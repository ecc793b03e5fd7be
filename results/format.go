package results

import (
	"encoding/json"
	"io"
)

// Format writes what is stored of a run for another program, or for a person elsewhere.
type Format struct {
	Name string
	Doc  string
	File string // in the run's folder, which Finish writes
	make func(*page, io.Writer) error
}

// Formats are all formats of a run.
func Formats() []Format {
	return []Format{
		{"html", "the report, one file", "report.html", writeHTML},
		{"md", "a summary in Markdown", "summary.md", writeMarkdown},
		{"junit", "JUnit XML: a test case for each cell, the story as its failure", "junit.xml", writeJUnit},
		{"json", "everything but the histories, schema 1", "run-report.json", writeDocument},
		{"csv", "a row of numbers for each cell", "cells.csv", writeCSV},
		{"benchfmt", "Go's benchmark format, which benchstat reads", "bench.txt", writeBenchmarks},
		{"hlog", "times to acquire as HdrHistogram logs have them, repeats added up", "latency.hlog", writeLogs},
	}
}

// Write writes a run in a format.
func (r *Run) Write(f Format, w io.Writer) error {
	cells, err := r.load()
	if err != nil {
		return err
	}
	return f.make(r.page(cells), w)
}

// schema is the version of the JSON document.
const schema = 1

// document is a run as one JSON text.
type document struct {
	Schema int `json:"schema"`
	Manifest
	Cells []documentCell `json:"cells"`
}

// documentCell is a cell in it. What was not measured or judged is null.
type documentCell struct {
	Record
	Outcome  string   `json:"outcome"` // held, broken, unknown, failed or planned
	Stats    *Stats   `json:"stats"`
	Costs    *Costs   `json:"costs,omitempty"` // of a bench
	Faults   []Struck `json:"faults"`
	Verdicts any      `json:"verdicts"`
}

func writeDocument(p *page, w io.Writer) error {
	d := document{Schema: schema, Manifest: p.Manifest}
	for _, c := range p.planned {
		cell := documentCell{Record: c.Record, Outcome: outcome(c), Costs: c.Costs, Faults: c.Faults}
		if c.measured {
			cell.Stats = &c.Stats
		}
		if c.judged {
			cell.Verdicts = c.Judgement.Verdicts
		}
		d.Cells = append(d.Cells, cell)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(d)
}
