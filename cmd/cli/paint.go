package cli

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"lockquake/checker"
)

// colorMode says when words are coloured.
type colorMode string

const (
	colorAuto   colorMode = "auto" // on a terminal, unless NO_COLOR is set; anywhere, if CLICOLOR_FORCE is
	colorAlways colorMode = "always"
	colorNever  colorMode = "never"
)

func colorModes() []string {
	return []string{string(colorAuto), string(colorAlways), string(colorNever)}
}

// String, Set and Type make it a flag.
func (m *colorMode) String() string { return string(*m) }

// Set takes what the command line says.
func (m *colorMode) Set(text string) error {
	if !slices.Contains(colorModes(), text) {
		return fmt.Errorf("give one of %s", strings.Join(colorModes(), ", "))
	}
	*m = colorMode(text)
	return nil
}

// Type is what help calls it.
func (m *colorMode) Type() string { return "when" }

// takeColor has the command line say when words are coloured.
func (c *console) takeColor(root *cobra.Command) {
	mode := colorAuto
	root.PersistentFlags().Var(&mode, "color", "whether words are coloured: "+strings.Join(colorModes(), ", ")+"; auto: on a terminal, unless NO_COLOR is set")
	root.PersistentPreRun = func(*cobra.Command, []string) { c.paintWhen(mode) }
	_ = root.RegisterFlagCompletionFunc("color", oneOf(colorModes())) // it fails only for a flag that there is not
}

// paintWhen decides how both streams are coloured.
func (c *console) paintWhen(mode colorMode) {
	for _, s := range []*stream{c.out, c.log} {
		s.profile = c.profile(mode, s.terminal != nil)
	}
}

// profile is how many colours there are to paint with. See https://no-color.org and https://bixense.com/clicolors.
func (c *console) profile(mode colorMode, looked bool) colorprofile.Profile {
	set := func(name string) bool { return c.getenv(name) != "" && c.getenv(name) != "0" }
	if mode == colorAuto {
		switch {
		case c.getenv("NO_COLOR") != "":
			mode = colorNever
		case looked, set("CLICOLOR_FORCE"):
			mode = colorAlways
		}
	}
	if mode != colorAlways {
		return colorprofile.NoTTY
	}
	return max(colorprofile.ANSI, colorprofile.Env([]string{"TERM=" + c.getenv("TERM"), "COLORTERM=" + c.getenv("COLORTERM")}))
}

// tone is a colour with a meaning, the one that it has in the report, in a shade that can be read on light and on
// dark. No tone says what no word says: who cannot tell red from green misses nothing.
type tone uint32

const (
	inkTone       tone = 0 // the terminal's own
	faintTone     tone = 0x8a8a8a
	faultTone     tone = 0xd78700
	grantTone     tone = 0x0087d7
	exclusiveTone tone = 0x5faf5f
	boundedTone   tone = 0x00afaf
	fencedTone    tone = 0x0087d7
	unsafeTone    tone = 0xd75f5f
)

// toneOf is a grade's.
func toneOf(g checker.Grade) tone {
	switch g {
	case checker.Exclusive:
		return exclusiveTone
	case checker.LeaseBounded:
		return boundedTone
	case checker.Fenced:
		return fencedTone
	case checker.Unsafe:
		return unsafeTone
	}
	return faintTone
}

// tone is the colour of how a cell came out.
func (o outcome) tone() tone {
	switch o.word() {
	case "held":
		return exclusiveTone
	case "BROKEN", "FAILED":
		return unsafeTone
	case "missed":
		return faultTone
	}
	return faintTone
}

// gradeTone is the colour of its grade; of one that looks good in a cell that did not hold, that of how it came out.
func (o outcome) gradeTone() tone {
	if o.word() == "held" || o.grade() == checker.Unsafe {
		return toneOf(o.grade())
	}
	return o.tone()
}

// toneOfCode is the colour of how a command ended.
func toneOfCode(code int) tone {
	switch code {
	case exitHeld:
		return exclusiveTone
	case exitBroken, exitHarness:
		return unsafeTone
	}
	return faultTone
}

// paint colours a text, if the stream takes colours.
func (s *stream) paint(t tone, text string) string {
	if s == nil || s.profile <= colorprofile.NoTTY || t == inkTone || text == "" {
		return text
	}
	style := ansi.NewStyle().ForegroundColor(s.profile.Convert(color.RGBA{uint8(t >> 16), uint8(t >> 8), uint8(t), 0xff}))
	if t == unsafeTone {
		style = style.Bold()
	}
	return style.Styled(text)
}

// stream is what the command's words go to; nil: it is no stream of a console.
func (a app) stream() *stream {
	s, _ := a.out.(*stream)
	return s
}

func (a app) paint(t tone, text string) string { return a.stream().paint(t, text) }
