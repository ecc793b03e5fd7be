package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"lockquake/checker"
)

// storyLines bounds what is told of a violation: all of it is in the folder that is kept.
const storyLines = 24

// tell prints what was found in a cell.
func (h *hunt) tell(b bagged, finds []checker.Verdict, dir string) {
	var text strings.Builder
	how, what := faultTone, "known"
	if b.judgement.Validity == checker.Invalid {
		how, what = unsafeTone, "BROKEN"
	}
	fmt.Fprintf(&text, "seed %d  %s  %s  (%v in %.1f s)\n", b.cell.Seed, h.paint(how, what), printable(b.cell.Name().String()),
		b.history.Last().Round(time.Second), b.took.Seconds())
	for i, v := range finds {
		remark := ""
		if h.known(b.cell.Strategy, v.Checker) {
			remark = ", which is known of it"
		}
		fmt.Fprintf(&text, "      %s: %s%s\n", v.Checker, printable(v.Why), remark)
		if i == 0 {
			story(&text, v)
		}
	}
	fmt.Fprintf(&text, "      kept: %s\n", filepath.Join(dir, "report.html"))
	_, _ = fmt.Fprint(h.out, text.String())
}

// tellAgain prints how often the violations of a cell came again.
func (h *hunt) tellAgain(b bagged, finds []checker.Verdict, r recurrence) {
	var rates []string
	for _, v := range finds {
		rates = append(rates, fmt.Sprintf("%s in %d of %d", v.Checker, r.came[v.Checker], r.of))
	}
	if r.of > 0 {
		fmt.Fprintf(h.out, "seed %d  again   %s: %s\n", b.cell.Seed, printable(b.cell.Name().String()), strings.Join(rates, ", "))
	}
}

func story(text *strings.Builder, v checker.Verdict) {
	for i, line := range v.Story {
		if i == storyLines {
			fmt.Fprintf(text, "        ... (%d more lines)\n", len(v.Story)-i)
			break
		}
		fmt.Fprintf(text, "        %s\n", printable(line))
	}
}

// lines are the hunt as a terminal shows it while it goes on.
func (h *hunt) lines(*stream) []string { return []string{strings.TrimPrefix(h.line(), "running  ")} }

func (h *hunt) line() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	left := max(0, h.o.lasts-time.Since(h.began))
	return fmt.Sprintf("running  seed %d, %s; %s gave less than is wanted; about %s left", h.seed, h.score, counted(h.beyond, "cell"), brief(left))
}

func (s score) String() string {
	return fmt.Sprintf("%s, %.1f virtual hours, %d grants judged", counted(s.judged, "cell"), s.virtual.Hours(), s.grants)
}

// conclude prints the last lines, and gives the exit code.
func (h *hunt) conclude(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	code, how := h.code(), ""
	if ctx.Err() != nil {
		code, how = worse(code, exitInterrupted), "interrupted; "
	}
	if h.failure != nil {
		fmt.Fprintf(h.out, "%s could not be carried out or judged, the first: %v\n", counted(h.failed, "cell"), h.failure)
	}
	if h.doubt != "" {
		fmt.Fprintf(h.out, "%s not known, the first: %s\n", counted(h.unknown, "cell"), printable(h.doubt))
	}
	parts := []string{h.score.String()}
	for _, p := range []struct {
		count int
		what  string
	}{{h.beyond, "gave less than is wanted"}, {h.unknown, "not known"}, {h.failed, "failed"}} {
		if p.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.count, p.what))
		}
	}
	fmt.Fprintf(h.out, "\n%s\n", h.rates(time.Since(h.began)))
	fmt.Fprintf(h.out, "RESULT: %s%s; exit %d\n", how, h.paint(toneOfCode(code), strings.Join(parts, ", ")), code)
	h.tells(huntEvent{eventOf("hunt"), h.judged, h.grants, h.virtual.Hours(), h.beyond, h.unknown, h.failed})
	h.tells(resultEvent{event: eventOf("result"), Exit: code, Result: strings.Join(parts, ", "), Interrupted: ctx.Err() != nil})
	return ended(code)
}

// code is the exit code; nothing judged is nothing known.
func (h *hunt) code() int {
	code := exitHeld
	if h.beyond > 0 {
		code = worse(code, exitBroken)
	}
	if h.failed > 0 {
		code = worse(code, exitHarness)
	}
	if h.unknown > 0 || h.judged == 0 {
		code = worse(code, exitUnknown)
	}
	return code
}

// rates say how fast the hunt was: how many seeds it got through in the time in which it took new cells, and how much
// virtual time passed in all, that of cells that were carried out again, too.
func (h *hunt) rates(took time.Duration) string {
	seeds := float64(h.judged) / float64(len(h.draw(h.o.seed)))
	perSecond := 0.0
	if h.until > 0 {
		perSecond = seeds / h.until.Seconds()
	}
	return fmt.Sprintf("hunted the cells of %.1f seeds, %.2f seeds a second; %.0f virtual seconds passed in each second",
		seeds, perSecond, (h.virtual+h.score.again).Seconds()/took.Seconds())
}
