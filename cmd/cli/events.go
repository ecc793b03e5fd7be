package cli

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"lockquake/checker"
	"lockquake/results"
)

// eventSchema is the version of what --json writes. A field that is new does not change it; a field that is gone, or means
// something else, does.
const eventSchema = 1

// event is a line of what --json writes: what happened, as a JSON object. The kinds of events embed it.
type event struct {
	Event  string `json:"event" doc:"what the line is about"`
	Schema int    `json:"schema" doc:"version of these fields"`
}

// jsonDoc is what help says of --json.
const jsonDoc = "write what happens to standard output, a JSON object a line (the README lists their fields), and all words to standard error"

func eventOf(kind string) event { return event{kind, eventSchema} }

// runEvent is the first one.
type runEvent struct {
	event
	Command  string   `json:"command" doc:"run, check, bench, ..."`
	Seed     uint64   `json:"seed" doc:"of the plan"`
	Cells    int      `json:"cells" doc:"how many there will be; of hunt: for each seed"`
	Estimate float64  `json:"estimate_seconds,omitempty" doc:"about how long all of it takes"`
	Folder   string   `json:"folder,omitempty" doc:"of the run"`
	Args     []string `json:"args,omitempty" doc:"the command line that makes the same run again"`
	LeftOut  []string `json:"left_out,omitempty" doc:"what was not asked for by name and cannot be had, in sentences"`
}

// cellEvent is how a cell came out.
type cellEvent struct {
	event
	Strategy   string              `json:"strategy" doc:"its name"`
	Fault      string              `json:"fault" doc:"the name of the fault or scenario; none: a cell in calm; of bench also the setting"`
	Repeat     int                 `json:"repeat" doc:"from 1"`
	Done       int                 `json:"done" doc:"cells that are done, this one too"`
	Of         int                 `json:"of" doc:"cells in all"`
	Outcome    string              `json:"outcome" doc:"held, broken, missed, unknown or failed; of selftest also caught and accused"`
	Grade      checker.Grade       `json:"grade" doc:"exclusive, lease-bounded, fenced, unsafe or unknown"`
	Seconds    float64             `json:"seconds,omitempty" doc:"how long it took"`
	PerSecond  float64             `json:"acquired_per_second,omitempty" doc:"of bench: acquisitions"`
	Seed       uint64              `json:"seed,omitempty" doc:"of selftest: the one that it was drawn from"`
	File       string              `json:"file,omitempty" doc:"the history, where it is in no run"`
	Verdicts   []checker.Verdict   `json:"verdicts,omitempty" doc:"of every checker: checker, validity, why, story, ..."`
	Thresholds []results.Threshold `json:"thresholds,omitempty" doc:"those that were asked for: name, validity, why, ..."`
	Error      string              `json:"error,omitempty" doc:"what failed of lockquake or its cluster"`
	Cut        string              `json:"cut,omitempty" doc:"why the history is not whole"`
}

// benchEvent is what a bench has measured.
type benchEvent struct {
	event
	Bench results.Bench `json:"bench" doc:"as in bench.json"`
}

// findEvent is a violation that hunt has found.
type findEvent struct {
	event
	Seed     uint64          `json:"seed" doc:"that its cell was drawn from"`
	Strategy string          `json:"strategy" doc:"that was broken"`
	Fault    string          `json:"fault" doc:"under which"`
	Verdict  checker.Verdict `json:"verdict" doc:"the first of its kind: checker, why, story, ..."`
	Known    bool            `json:"known" doc:"whether it is known of the strategy"`
	Folder   string          `json:"folder" doc:"of the run that is kept"`
	Came     int             `json:"came_again" doc:"how often it came again when the cell was carried out again"`
	Of       int             `json:"of" doc:"how often that was"`
}

// huntEvent is what a hunt has come to.
type huntEvent struct {
	event
	Cells   int     `json:"cells" doc:"that were judged"`
	Grants  int64   `json:"grants" doc:"in them"`
	Hours   float64 `json:"virtual_hours" doc:"that they lasted"`
	Beyond  int     `json:"broken" doc:"cells that gave less than is wanted"`
	Unknown int     `json:"unknown" doc:"cells of which something is not known"`
	Failed  int     `json:"failed" doc:"cells that could not be carried out"`
}

// lockEvent is what selftest saw of a lock.
type lockEvent struct {
	event
	specimen
}

// reproductionEvent is a reproduction that was carried out.
type reproductionEvent struct {
	event
	toldSeries
}

// checkEvent is a check of exec-test.
type checkEvent struct {
	event
	mark
}

// resultEvent is the last one.
type resultEvent struct {
	event
	Exit        int    `json:"exit" doc:"the exit code"`
	Result      string `json:"result" doc:"in words"`
	Interrupted bool   `json:"interrupted" doc:"somebody did not want to wait"`
	Counts      counts `json:"counts,omitzero" doc:"of cells: held, broken, missed, unknown, failed, not_stored, not_done"`
	Report      string `json:"report,omitempty" doc:"the page that shows it all"`
}

// counts are a tally's.
type counts struct {
	Held      int `json:"held"`
	Broken    int `json:"broken"`
	Missed    int `json:"missed"`
	Unknown   int `json:"unknown"`
	Failed    int `json:"failed"`
	NotStored int `json:"not_stored"`
	NotDone   int `json:"not_done"`
}

func (t tally) counts() counts {
	return counts{t.held, t.broken, t.missed, t.unknown, t.failed, t.unsaved, t.total - t.done}
}

// event is the end of a command that judged so many cells.
func (t tally) event(code int) resultEvent {
	return resultEvent{event: eventOf("result"), Exit: code, Result: t.String(), Counts: t.counts()}
}

// inJSON is a command whose words go where its errors do, and that writes events to standard output instead.
func (a app) inJSON(asked bool) app {
	if asked {
		a.events, a.out = a.out, a.log
	}
	return a
}

// tells writes an event, if a program reads.
func (a app) tells(e any) {
	if a.events == nil {
		return
	}
	out := json.NewEncoder(a.events)
	out.SetEscapeHTML(false)
	_ = out.Encode(e) // whoever read it is gone
}

// event is the cell as --json tells of it.
func (o outcome) event(n, total int) cellEvent {
	e := cellEvent{
		event: eventOf("cell"), Strategy: o.name.Strategy, Fault: o.name.Fault, Repeat: o.name.Repeat, Done: n, Of: total, Outcome: strings.ToLower(o.word()), Grade: o.grade(),
		Seconds: o.took.Seconds(), Verdicts: o.judgement.Verdicts, Thresholds: o.thresholds, File: o.file, Cut: o.cut,
	}
	switch {
	case o.err != nil:
		e.Error = o.err.Error()
	case o.unsaved != nil:
		e.Error = fmt.Sprintf("not stored: %v", o.unsaved)
	}
	return e
}

// eventTable is what the README says of --json.
func eventTable() table {
	t := table{head: []string{"event", "field", "what it is"}}
	for _, e := range []Entry[any]{
		{"all", "", event{}}, {"run", "", runEvent{}}, {"cell", "", cellEvent{}}, {"bench", "", benchEvent{}}, {"find", "", findEvent{}}, {"hunt", "", huntEvent{}}, {"result", "", resultEvent{}},
	} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(e.Value)) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if len(f.Index) == 1 && name != "" {
				t.rows = append(t.rows, []string{e.Name, name, f.Tag.Get("doc")})
			}
		}
	}
	return t
}
