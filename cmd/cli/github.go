package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"lockquake/checker"
	"lockquake/results"
)

// onGitHub tells whether the command is a step of a GitHub workflow, whose log takes commands: see
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
func (c *console) onGitHub() bool { return c.getenv("GITHUB_ACTIONS") == "true" }

func (a app) onGitHub() bool { return a.stream() != nil && a.stream().onGitHub() }

// severity is how a workflow shows a cell that did not hold.
type severity string

const (
	notice  severity = ""
	warning severity = "warning"
	failure severity = "error"
)

func (o outcome) severity() severity {
	switch o.word() {
	case "held":
		return notice
	case "unknown":
		return warning
	}
	return failure
}

// annotate has a workflow show a cell that did not come out as it should, and folds its stories.
func (a app) annotate(s severity, word string, o outcome) {
	if !a.onGitHub() || s == notice {
		return
	}
	title := fmt.Sprintf("lockquake: %s %s", o.name, strings.ToLower(word))
	fmt.Fprintf(a.out, "::%s title=%s::%s\n", s, property(title), data(o.headline()))
	lines := storiesOf(o.judgement)
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(a.out, "::group::%s\n", data(fmt.Sprintf("what happened in %s", o.name)))
	for _, line := range lines {
		fmt.Fprintln(a.out, a.inert(printable(line)))
	}
	fmt.Fprintln(a.out, "::endgroup::")
}

// headline says in one line why a cell came out as it did.
func (o outcome) headline() string {
	if o.err != nil {
		first, _, _ := strings.Cut(o.err.Error(), "\n")
		return first
	}
	for _, t := range notMet(o.thresholds) {
		if o.judgement.Validity == checker.Valid {
			return t.Name + ": " + t.Why
		}
	}
	v := results.Headline(o.judgement)
	return fmt.Sprintf("%s; %s: %s", o.grade(), v.Checker, v.Why)
}

// storiesOf are what the verdicts tell, each story once.
func storiesOf(j checker.Judgement) (lines []string) {
	var told [][]string
	for _, v := range telling(j) {
		if len(v.Story) == 0 || slices.ContainsFunc(told, func(s []string) bool { return slices.Equal(s, v.Story) }) {
			continue
		}
		told = append(told, v.Story)
		lines = append(lines, v.Checker+":")
		for _, line := range v.Story {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

// data is a text as a command takes it, and property as what stands before it.
func data(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(text))
}

// inert is a line that a workflow takes for words, whatever somebody's lock has said: commands may be indented, and
// those of old stand anywhere.
func (a app) inert(line string) string {
	if !a.onGitHub() {
		return line
	}
	words := strings.TrimLeft(line, " \t")
	if strings.HasPrefix(words, "::") {
		line = strings.TrimSuffix(line, words) + ": " + words[1:]
	}
	return strings.ReplaceAll(line, "##[", "## [")
}

// mostSummary is what GitHub takes of a step's summary, in bytes, whoever has written it.
const mostSummary = 1 << 20

// summarize adds the run's summary to the one of the workflow's step. That it cannot is told, and changes nothing.
func (a app) summarize(run *results.Run) {
	if !a.onGitHub() {
		return
	}
	path := a.stream().getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return
	}
	if err := summarizeIn(path, run); err != nil {
		fmt.Fprintf(a.log, "lockquake: the step's summary: %v\n", err)
	}
}

func summarizeIn(path string, run *results.Run) error {
	i := slices.IndexFunc(results.Formats(), func(f results.Format) bool { return f.Name == "md" })
	var text bytes.Buffer
	if err := run.Write(results.Formats()[i], &text); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	room := int64(mostSummary)
	if stat, err := f.Stat(); err == nil {
		room -= stat.Size()
	}
	_, err = f.WriteString(shortened(text.String(), int(room), run.Path("summary.md")))
	return errors.Join(err, f.Close())
}

// shortened is the beginning of a summary that is too long, up to the end of a cell's part, and where the rest is.
func shortened(text string, room int, whole string) string {
	if len(text) <= room {
		return text
	}
	rest := fmt.Sprintf("\n\nThere is no room here for the rest: %s has it.\n", whole)
	if len(rest) > room {
		return ""
	}
	text = text[:room-len(rest)]
	for _, end := range []string{"\n## ", "\n"} {
		if i := strings.LastIndex(text, end); i >= 0 {
			return text[:i] + rest
		}
	}
	return strings.TrimPrefix(rest, "\n\n")
}
