package cli

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"

	"lockquake/harness"
	"lockquake/results"
)

// striking is a cell in the midst of a fault: the paused holder's lease has ended, and another client has the lock.
func striking() glimpse {
	return glimpse{
		Snapshot: harness.Snapshot{
			Cell: results.CellName{Strategy: "mutex", Fault: "pause-holder", Repeat: 1}, Phase: harness.Shaking,
			Estimate: 5 * time.Second, Elapsed: 2400 * time.Millisecond, At: 2 * time.Second, Leader: 1, Grants: 41,
			Waiting: 3, OldestWait: 1340 * time.Millisecond,
			Believers: []harness.Belief{{Client: 2, Key: "k0"}, {Client: 4, Key: "k0"}}, Contested: []string{"k0"},
			Faults: []harness.FaultUnderway{{Fault: "pause-holder", Target: "c2, holder of k0 under lease 7f", Since: time.Second}},
		},
		n: 3, keys: 1, pulse: []int64{0, 4, 8, 8, 1, 0, 0, 5},
	}
}

func seenBy(width int, env environment) view {
	return view{newConsole(io.Discard, io.Discard, env.get).out, width}
}

func TestRunningCellIsShownInFull(t *testing.T) {
	got := strings.Join(seenBy(120, environment{"LANG": "C.UTF-8"}).whole(striking(), 8), "\n")
	want := "cell 3/8  mutex under pause-holder  faults      2.4 s of about 5\n" +
		"   41 grants                   ▁▅██▂▁▁▆     6/s  3 waiting, the oldest 1.3 s\n" +
		"c2 and c4 believe to hold it  m1 leads  pause-holder for 1.0 s: c2, holder of k0"
	if got != want {
		t.Errorf("shown is\n%s\nwant\n%s", got, want)
	}
}

// Whatever the width, no line is longer, and the first and the gravest things are there.
func TestEveryWidthIsKept(t *testing.T) {
	many := []glimpse{striking(), striking(), striking(), striking(), striking()}
	for width := 39; width < 140; width++ {
		v := seenBy(width, environment{"TERM": "xterm", "CLICOLOR_FORCE": "1", "LANG": "C.UTF-8"})
		whole, list := v.whole(striking(), 8), v.list(many, 8, 4, "run: 2 of 8 cells done, 12 s left")
		if len(list) != 5 || !strings.Contains(list[4], "and 1 more cell") {
			t.Errorf("%d columns and 4 lines for 5 cells: %q", width, list)
		}
		for _, line := range append(whole, list...) {
			if n := ansi.StringWidth(line); n > width || n < 20 {
				t.Errorf("%d columns: %d are used by %q", width, n, line)
			}
		}
		for _, want := range []string{"cell 3/8", "41 grants", "c2 and c4 believe"} {
			if !strings.Contains(ansi.Strip(strings.Join(whole, "\n")), want) {
				t.Errorf("%d columns: %q is missing in %q", width, want, whole)
			}
		}
	}
}

func TestWhoHolds(t *testing.T) {
	two := []harness.Belief{{Client: 1, Key: "k0"}, {Client: 2, Key: "k1"}}
	for want, s := range map[string]struct {
		keys int
		now  harness.Snapshot
	}{
		"nobody holds it":                {1, harness.Snapshot{}},
		"held by c1":                     {1, harness.Snapshot{Believers: two[:1]}},
		"2 of 8 keys held":               {8, harness.Snapshot{Believers: two}},
		"c2 and c3 believe to hold k1":   {8, harness.Snapshot{Believers: append(two[:1:1], harness.Belief{Client: 2, Key: "k1"}, harness.Belief{Client: 3, Key: "k1"}), Contested: []string{"k1"}}},
		"held by c0, c1, c2, c3, 1 more": {1, harness.Snapshot{Believers: []harness.Belief{{Client: 0}, {Client: 1}, {Client: 2}, {Client: 3}, {Client: 4}}}},
	} {
		if got := (glimpse{Snapshot: s.now, keys: s.keys}).held().text; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSparkline(t *testing.T) {
	utf8, plain := seenBy(80, environment{"LC_ALL": "C.UTF-8", "LANG": "C"}), seenBy(80, environment{"LC_ALL": "C", "LANG": "C.UTF-8"})
	for _, c := range []struct {
		v     view
		pulse []int64
		want  string
	}{
		{utf8, nil, "    "},
		{utf8, []int64{0, 0}, "  ▁▁"},
		{utf8, []int64{0, 1, 1000}, " ▁▂█"},
		{utf8, []int64{9, 9, 1, 2, 3, 4}, "▃▅▇█"},
		{plain, []int64{0, 1, 1000}, " _.#"},
	} {
		if got := c.v.spark(c.pulse, 4); got != c.want {
			t.Errorf("%v is drawn as %q, want %q", c.pulse, got, c.want)
		}
	}
}

// Time left is what cells should take, corrected by what they took, and shared by those that run side by side.
func TestTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cell := harness.Cell{Settings: harness.Settings{Duration: 3500 * time.Millisecond}} // 5 s in all
		u := newUnderway([]harness.Cell{cell, cell, cell, cell}, 2)
		m := u.begin(cell)
		u.begin(cell)
		if _, done, left := u.look(); done != 0 || left != 10*time.Second {
			t.Errorf("at first %d done, %v left", done, left)
		}
		time.Sleep(10 * time.Second) // twice as long
		u.end(m)
		running, done, left := u.look()
		if done != 1 || left != 10*time.Second || len(running) != 1 || running[0].n != 2 {
			t.Errorf("then %d done, %v left, running %+v", done, left, running)
		}
		if got := u.line(); got != "running  1 of 4 cells done, about 10 s left;  under : starting, 10.0 s of about 5" {
			t.Errorf("a log is told %q", got)
		}
	})
}

func TestWideTableIsContinuedBelow(t *testing.T) {
	g := newGrid("STRATEGY", []string{"mutex", "none"}, []string{"calm", "pause-holder", "weakest"}, func(row, column string) field {
		return field{row[:1] + column[:1], inkTone}
	})
	plain := func(_ tone, text string) string { return text }
	for width, want := range map[int]string{
		0:  "STRATEGY  CALM  PAUSE-HOLDER  WEAKEST\nmutex     mc    mp            mw\nnone      nc    np            nw\n",
		30: "STRATEGY  CALM  PAUSE-HOLDER\nmutex     mc    mp\nnone      nc    np\n\nSTRATEGY  WEAKEST\nmutex     mw\nnone      nw\n",
		5:  "STRATEGY  CALM\nmutex     mc\nnone      nc\n\nSTRATEGY  PAUSE-HOLDER\nmutex     mp\nnone      np\n\nSTRATEGY  WEAKEST\nmutex     mw\nnone      nw\n",
	} {
		if got := g.text(width, plain); got != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", width, got, want)
		}
	}
}
