package results

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
)

// field is a number, or a word, of each cell.
type field struct {
	name  string
	value func(contents) string
}

// fields are those of the table. Durations are in ms; what was not measured is empty.
func fields() []field {
	count := func(of func(Stats) int) func(contents) string {
		return func(c contents) string { return c.ifMeasured(strconv.Itoa(of(c.Stats))) }
	}
	number := func(of func(Stats) float64) func(contents) string {
		return func(c contents) string { return c.ifMeasured(strconv.FormatFloat(of(c.Stats), 'f', 3, 64)) }
	}
	ms := func(of func(Stats) time.Duration) func(contents) string {
		return number(func(st Stats) float64 { return of(st).Seconds() * 1000 })
	}
	return []field{
		{"strategy", func(c contents) string { return c.Strategy }},
		{"fault", func(c contents) string { return c.Fault }},
		{"repeat", func(c contents) string { return strconv.Itoa(c.Repeat) }},
		{"outcome", outcome},
		{"grade", word},
		{"acquired", count(func(st Stats) int { return st.Acquired })},
		{"failed", count(func(st Stats) int { return st.Failed })},
		{"unknown", count(func(st Stats) int { return st.Unknown })},
		{"backlog", count(func(st Stats) int { return int(st.Backlog) })},
		{"acquired_per_second", number(func(st Stats) float64 { return st.PerSecond })},
		{"acquire_mean_ms", ms(func(st Stats) time.Duration { return st.Acquire.Mean })},
		{"acquire_p50_ms", ms(func(st Stats) time.Duration { return st.Acquire.P50 })},
		{"acquire_p99_ms", ms(func(st Stats) time.Duration { return st.Acquire.P99 })},
		{"acquire_max_ms", ms(func(st Stats) time.Duration { return st.Acquire.Max })},
		{"handoff_p50_ms", ms(func(st Stats) time.Duration { return st.Handoff.P50 })},
		{"handoff_p99_ms", ms(func(st Stats) time.Duration { return st.Handoff.P99 })},
		{"hold_p50_ms", ms(func(st Stats) time.Duration { return st.Hold.P50 })},
		{"longest_wait_ms", ms(func(st Stats) time.Duration { return st.LongestWait })},
		{"longest_gap_ms", ms(func(st Stats) time.Duration { return st.LongestGap })},
		{"jain", number(func(st Stats) float64 { return st.Jain })},
		{"thresholds", thresholdWords},
		{"why", func(c contents) string { return c.Why }},
	}
}

// thresholdWords is such as "max-p99 missed, min-ops met".
func thresholdWords(c contents) string {
	var all []string
	for _, t := range c.Thresholds {
		all = append(all, t.Name+" "+t.Word())
	}
	return strings.Join(all, ", ")
}

func (c contents) ifMeasured(text string) string {
	if !c.measured {
		return ""
	}
	return text
}

func writeCSV(p *page, w io.Writer) error {
	out := csv.NewWriter(w)
	var head []string
	for _, col := range fields() {
		head = append(head, col.name)
	}
	rows := [][]string{head}
	for _, c := range p.planned {
		var row []string
		for _, col := range fields() {
			row = append(row, guarded(col.value(c)))
		}
		rows = append(rows, row)
	}
	return out.WriteAll(rows)
}

// guarded keeps a spreadsheet from taking a text for a formula (OWASP, CSV injection).
func guarded(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '@' || text[0] == '-' || text[0] == '\t' || text[0] == '\r') {
		return "'" + text
	}
	return text
}
