package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// fact is a setting in words.
type fact struct{ Name, Value string }

// scheduleRow is what was planned of one fault in a cell.
type scheduleRow struct {
	Scenario, Fault, First, For, Moment string
	Count                               int
}

// plan is what the report reads of a cell's plan.json, which this package does not write. What is not there is left
// out.
type plan struct {
	Cluster   string          `json:"cluster"`
	Members   int             `json:"members"`
	Clients   int             `json:"clients"`
	Keys      int             `json:"keys"`
	TTL       time.Duration   `json:"ttl_ns"`
	Hold      json.RawMessage `json:"hold"`
	Warmup    time.Duration   `json:"warmup_ns"`
	Duration  time.Duration   `json:"duration_ns"`
	Resource  string          `json:"resource"`
	Loss      string          `json:"loss"`
	Workload  string          `json:"workload"`
	Permits   int             `json:"permits"`
	Spread    string          `json:"spread"`
	Rate      float64         `json:"rate"`
	Settle    time.Duration   `json:"settle_ns"`
	Schedules []struct {
		Fault      string `json:"fault"`
		Role       string `json:"role"`
		Moment     string `json:"moment"`
		Injections []struct {
			At  time.Duration `json:"at_ns"`
			For time.Duration `json:"for_ns"`
		} `json:"injections"`
	} `json:"schedules"`
}

// readPlans fills in the settings and the schedules. A plan that cannot be read is one that is not there: another
// program may have written it.
func (s *sheet) readPlans() {
	var settings [][]fact
	seen := map[string]bool{}
	for _, c := range s.planned {
		data, err := s.run.read(href(c.Folder, planFile))
		var p plan
		if err != nil || json.Unmarshal(data, &p) != nil || p.Clients == 0 {
			continue
		}
		settings = append(settings, p.facts())
		s.missed = append(s.missed, p.missed(c)...)
		if !seen[c.Fault] {
			seen[c.Fault] = true
			s.Schedules = append(s.Schedules, p.rows(c.Fault)...)
		}
	}
	s.Settings = together(settings)
}

// missed are the faults that were planned more often than they were injected, each in a sentence.
func (p plan) missed(c contents) []string {
	if c.State != Done || !c.measured {
		return nil
	}
	planned, injected := map[string]int{}, map[string]int{}
	for _, sched := range p.Schedules {
		planned[sched.Fault] += len(sched.Injections)
	}
	for _, f := range c.Faults {
		injected[f.Fault]++
	}
	var lines []string
	for _, fault := range slices.Sorted(maps.Keys(planned)) {
		if n := planned[fault]; n > injected[fault] {
			lines = append(lines, fmt.Sprintf("%s in %s: %d planned, %d injected", fault, c.CellName, n, injected[fault]))
		}
	}
	return lines
}

// facts are in one order, whatever the plan has.
func (p plan) facts() []fact {
	number := func(n int) string { return fmt.Sprint(n) }
	facts := []fact{
		{"cluster", p.Cluster}, {"members", number(p.Members)}, {"clients", number(p.Clients)}, {"keys", number(p.Keys)},
		{"workload", p.Workload}, {"permits", number(p.Permits)}, {"TTL", p.TTL.String()}, {"hold", strings.Trim(string(p.Hold), `"`)},
		{"warm-up", p.Warmup.String()}, {"faults for", p.Duration.String()}, {"wait after the last heal", p.Settle.String()},
		{"resource", p.Resource}, {"loss of a lock is", p.Loss}, {"keys are chosen", p.Spread}, {"open loop, acquires a second", fmt.Sprint(p.Rate)},
	}
	for i, f := range facts {
		if f.Value == "0" || f.Value == "0s" {
			facts[i].Value = ""
		}
	}
	return facts
}

// together are the settings of all cells: each value that there is.
func together(settings [][]fact) []fact {
	var all []fact
	for i := range plan.facts(plan{}) {
		var values []string
		for _, facts := range settings {
			if v := facts[i].Value; v != "" && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		if len(values) > 0 {
			all = append(all, fact{settings[0][i].Name, strings.Join(values, ", or ")})
		}
	}
	return all
}

// rows are the plan's schedules.
func (p plan) rows(scenario string) []scheduleRow {
	var rows []scheduleRow
	for _, sched := range p.Schedules {
		row := scheduleRow{Scenario: scenario, Fault: sched.Fault, Moment: strings.TrimSpace(sched.Role + " " + sched.Moment), Count: len(sched.Injections)}
		if row.Count > 0 {
			row.First, row.For = words(sched.Injections[0].At), words(sched.Injections[0].For)
		}
		rows = append(rows, row)
	}
	return rows
}
