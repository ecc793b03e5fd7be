package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lockquake/harness"
)

// lines are three of the one cell that is running, or one of each where there are several.
func (u *underway) lines(s *stream) []string {
	running, done, left := u.look()
	width, height := s.size()
	v := view{s, width - 1}
	rest := ""
	if u.total > 1 {
		rest = fmt.Sprintf("run: %d of %d cells done, %s left", done, u.total, brief(left))
	}
	if len(running) == 1 {
		lines := v.whole(running[0], u.total)
		if rest != "" {
			lines = append(lines, v.paint(faintTone, rest))
		}
		return lines
	}
	return v.list(running, u.total, height-3, rest)
}

// line is all of it in one.
func (u *underway) line() string {
	running, done, left := u.look()
	const few = 2
	parts := []string{fmt.Sprintf("running  %d of %d cells done, about %s left", done, u.total, brief(left))}
	for _, g := range running[:min(few, len(running))] {
		parts = append(parts, strings.Join(append([]string{g.Cell.String() + ": " + string(g.Phase), g.time()}, g.words()...), ", "))
	}
	if more := len(running) - few; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more running", more))
	}
	return strings.Join(parts, "; ")
}

// view is a terminal's.
type view struct {
	*stream
	width int
}

// field is a part of a line, and its colour.
type field struct {
	text string
	tone tone
}

// least is how much of a field must show for it to say anything.
const least = 12

// fit is as many of the fields as there is room for, the first ones first, in columns that keep their places. The last
// one is words, of which a part says something, too.
func (v view) fit(fields ...field) string {
	var b strings.Builder
	room := v.width
	for i, f := range fields {
		between := ""
		if room < v.width {
			between = "  "
		}
		needed := ansi.StringWidth(between + strings.TrimRight(f.text, " "))
		if i == len(fields)-1 && room >= len(between)+least {
			needed = min(needed, room)
		}
		if f.text == "" || needed > room && room < v.width {
			continue
		}
		b.WriteString(between + v.paint(f.tone, f.text))
		room -= ansi.StringWidth(between + f.text)
	}
	return ansi.Truncate(b.String(), v.width, "")
}

// whole shows all there is to see of one cell.
func (v view) whole(g glimpse, total int) []string {
	lines := []string{
		v.fit(field{fmt.Sprintf("cell %d/%d", g.n, total), faintTone}, field{g.Cell.String(), inkTone}, field{fmt.Sprintf("%-10s", g.Phase), faultTone},
			field{g.time(), inkTone}, field{}),
	}
	if g.At == 0 {
		return lines
	}
	lines = append(lines, v.fit(field{fmt.Sprintf("%5d %-7s", g.Grants, "grants"), inkTone}, field{v.spark(g.pulse, min(24, v.width/3)), grantTone},
		field{fmt.Sprintf("%4d/s", g.rate()), inkTone}, field{g.waits(), inkTone}, field{}))
	return append(lines, v.fit(g.held(), field{g.leads(), inkTone}, g.struck()))
}

// list shows a line of each cell, as many as fit, and one of the run.
func (v view) list(running []glimpse, total, height int, rest string) []string {
	longest := 0
	for _, g := range running {
		longest = max(longest, ansi.StringWidth(g.Cell.String()))
	}
	longest = min(longest, v.width/2)
	digits := len(fmt.Sprint(total))
	var lines []string
	for _, g := range running[:min(len(running), max(1, height))] {
		name := ansi.Truncate(g.Cell.String(), longest, "")
		lines = append(lines, v.fit(field{fmt.Sprintf("%*d/%d %-*s", digits, g.n, total, longest, name), inkTone},
			field{fmt.Sprintf("%-10s", g.Phase), faultTone}, field{fmt.Sprintf("%5d", g.Grants), inkTone}, field{v.spark(g.pulse, 12), grantTone},
			g.held(), field{g.waits(), inkTone}, g.struck()))
	}
	if more := len(running) - len(lines); more > 0 {
		rest = fmt.Sprintf("and %s; ", counted(more, "more cell")) + rest
	}
	return append(lines, v.fit(field{rest, faintTone}))
}

// words are what a line of a log says of a cell.
func (g glimpse) words() []string {
	if g.At == 0 {
		return nil
	}
	words := []string{fmt.Sprintf("%d grants", g.Grants), g.waits(), g.held().text, g.leads()}
	if f := g.struck(); f.tone == faultTone {
		words = append(words, f.text)
	}
	return words
}

func (g glimpse) time() string {
	if g.virtual {
		return fmt.Sprintf("%s of about %s of virtual time", brief(g.At), brief(g.Estimate))
	}
	return fmt.Sprintf("%.1f s of about %.0f", g.Elapsed.Seconds(), max(1, g.Estimate.Seconds()))
}

// rate is how many grants there were in the last second or so.
func (g glimpse) rate() int64 {
	last := g.pulse[max(0, len(g.pulse)-int(time.Second/glance)):]
	sum := int64(0)
	for _, n := range last {
		sum += n
	}
	return int64(float64(sum) / (time.Duration(len(last)) * glance).Seconds())
}

func (g glimpse) waits() string {
	if g.Waiting == 0 {
		return "nobody waits"
	}
	return fmt.Sprintf("%d waiting, the oldest %s", g.Waiting, brief(g.OldestWait))
}

// held says who believes to hold a lock.
func (g glimpse) held() field {
	switch {
	case len(g.Contested) > 0:
		key := g.Contested[0]
		what := "to hold " + key
		if g.keys == 1 {
			what = "to hold it"
		}
		return field{g.believing(key, " and ") + " believe " + what, unsafeTone}
	case len(g.Believers) == 0:
		return field{"nobody holds it", inkTone}
	case g.keys == 1:
		return field{"held by " + g.believing(g.Believers[0].Key, ", "), inkTone}
	}
	return field{fmt.Sprintf("%d of %d keys held", len(g.heldKeys()), g.keys), inkTone}
}

func (g glimpse) heldKeys() (keys []string) {
	for _, b := range g.Believers {
		keys = appendNew(keys, b.Key)
	}
	return keys
}

// believing are those who believe to hold a key.
func (g glimpse) believing(key, glue string) string {
	const few = 4
	var who []string
	for _, b := range g.Believers {
		if b.Key == key {
			who = append(who, fmt.Sprintf("c%d", b.Client))
		}
	}
	if more := len(who) - few; more > 0 {
		who = append(who[:few], fmt.Sprintf("%d more", more))
	}
	return strings.Join(who, glue)
}

func (g glimpse) leads() string {
	if g.Leader == harness.Nobody {
		return "nobody leads"
	}
	return fmt.Sprintf("m%d leads", g.Leader)
}

// struck says which faults are in progress.
func (g glimpse) struck() field {
	switch {
	case g.calm:
		return field{"no faults planned", faintTone}
	case len(g.Faults) == 0:
		return field{"no fault now", faintTone}
	}
	var all []string
	for _, f := range g.Faults {
		text := fmt.Sprintf("%s for %s", f.Fault, brief(g.At-f.Since))
		if whom, _, _ := strings.Cut(f.Target, " under lease"); whom != "" {
			text += ": " + printable(whom)
		}
		all = append(all, text)
	}
	return field{strings.Join(all, "; "), faultTone}
}

// spark draws a number for each moment, the latest at the right.
func (s *stream) spark(pulse []int64, width int) string {
	steps := []rune("▁▂▃▄▅▆▇█")
	if !s.spells() {
		steps = []rune("_.-:=+*#")
	}
	pulse = pulse[max(0, len(pulse)-width):]
	most := max(1, slices.Max(append([]int64{0}, pulse...)))
	drawn := make([]rune, width)
	for i := range drawn {
		drawn[i] = ' '
	}
	for i, n := range pulse {
		step := (n*int64(len(steps)-1) + most - 1) / most // whatever is not nothing shows
		drawn[width-len(pulse)+i] = steps[step]
	}
	return string(drawn)
}

// brief is a time as somebody reads it who has none.
func brief(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}
