package scenario_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"lockquake/harness/scenario"
)

const ms = time.Millisecond

func TestSpansAreDurationsAndTTLs(t *testing.T) {
	for text, want := range map[string]struct {
		span    scenario.Span
		printed string
		under2s time.Duration
	}{
		"1.5s":         {scenario.Span{Plus: 1500 * ms}, "1.5s", 1500 * ms},
		"120s":         {scenario.Span{Plus: 2 * time.Minute}, "2m", 2 * time.Minute},
		"0s":           {scenario.Span{}, "0s", 0},
		"ttl":          {scenario.Span{TTLs: 1}, "ttl", 2000 * ms},
		"2ttl":         {scenario.Span{TTLs: 2}, "2ttl", 4000 * ms},
		".5ttl":        {scenario.Span{TTLs: 0.5}, "0.5ttl", 1000 * ms},
		"1ttl+0s":      {scenario.Span{TTLs: 1}, "ttl", 2000 * ms},
		"ttl+500ms":    {scenario.Span{TTLs: 1, Plus: 500 * ms}, "ttl+500ms", 2500 * ms},
		"1.5ttl-100ms": {scenario.Span{TTLs: 1.5, Plus: -100 * ms}, "1.5ttl-100ms", 2900 * ms},
		"1000ttl+24h":  {scenario.Span{TTLs: 1000, Plus: 24 * time.Hour}, "1000ttl+24h", 24*time.Hour + 2000*time.Second},
	} {
		span, err := scenario.ParseSpan(text)
		if err != nil || span != want.span || span.String() != want.printed || span.Under(2*time.Second) != want.under2s {
			t.Errorf("%q is %v (%v under 2s), error %v; want %+v", text, span, span.Under(2*time.Second), err, want)
		}
	}
}

func TestOtherSpansAreRefused(t *testing.T) {
	const usual = "give a duration such as 2s, or one in TTLs such as ttl+500ms, 2ttl or 1.5ttl-100ms"
	for text, want := range map[string]string{
		"": usual, "2": usual, "-1s": usual, "s": usual, "ttl500ms": usual, "ttl++1s": usual, "ttl+-1s": usual, "ttl+": usual,
		"ttl 1s": usual, "-ttl": usual, "+2ttl": usual, "infttl": usual, "1e3ttl": usual, "0x2ttl": usual, "nanttl": usual,
		".ttl": usual, "1.2.3ttl": usual, "2ttl+ttl": usual, "500ms+ttl": usual, "0ttl-1s": usual, "TTL": usual,
		"1001ttl": "give at most 1000ttl", "25h": "give at most 24h", "ttl-25h": "give at most 24h",
	} {
		if span, err := scenario.ParseSpan(text); err == nil || err.Error() != want {
			t.Errorf("%q is %v, error %v; want error %q", text, span, err, want)
		}
	}
}

func TestRangesAreMeansOrEnds(t *testing.T) {
	for text, want := range map[string]struct {
		is      scenario.Range
		printed string
	}{
		"50ms":       {scenario.Range{From: 25 * ms, To: 75 * ms}, "50ms"},
		"25ms..75ms": {scenario.Range{From: 25 * ms, To: 75 * ms}, "50ms"},
		"0s..2s":     {scenario.Range{To: 2 * time.Second}, "0s..2s"},
		"1s..1s":     {scenario.Range{From: time.Second, To: time.Second}, "1s..1s"},
		"3ns":        {scenario.Range{From: 1, To: 4}, "1ns..4ns"},
		"0s":         {scenario.Range{}, "0s"},
		"1h..120m":   {scenario.Range{From: time.Hour, To: 2 * time.Hour}, "1h..2h"},
	} {
		r, err := scenario.ParseRange(text)
		if err != nil || r != want.is || r.String() != want.printed {
			t.Errorf("%q is %v, error %v; want %v, printed %q", text, r, err, want.is, want.printed)
		}
	}
}

func TestOtherRangesAreRefused(t *testing.T) {
	const usual = "give a mean such as 50ms, or a range such as 0s..2s"
	for text, want := range map[string]string{
		"": usual, "5": usual, "-1s": usual, "-1s..1s": usual, "..": usual, "1s..": usual, "..1s": usual,
		"1s-2s": usual, "1s..2s..3s": usual, "0s..2": usual,
		"2s..1s": "give the lower end first: 1s..2s", "0s..25h": "give at most 24h", "20h": "give at most 24h",
	} {
		if r, err := scenario.ParseRange(text); err == nil || err.Error() != want {
			t.Errorf("%q is %v, error %v; want error %q", text, r, err, want)
		}
	}
}

func TestSpansAndRangesAreReadAsTheyArePrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Int64Range(0, int64(24*time.Hour))
		span := scenario.Span{TTLs: rapid.Float64Range(0, 1000).Draw(t, "ttls"), Plus: time.Duration(day.Draw(t, "plus"))}
		if again, err := scenario.ParseSpan(span.String()); err != nil || again != span {
			t.Errorf("%#v is printed %q and read %#v, error %v", span, span, again, err)
		}
		r := scenario.Range{From: time.Duration(day.Draw(t, "from"))}
		r.To = time.Duration(rapid.Int64Range(int64(r.From), int64(24*time.Hour)).Draw(t, "to"))
		if again, err := scenario.ParseRange(r.String()); err != nil || again != r {
			t.Errorf("%#v is printed %q and read %#v, error %v", r, r, again, err)
		}
	})
}

func TestSpansAndRangesAreTextInJSON(t *testing.T) {
	type both struct {
		For  scenario.Span
		Hold scenario.Range
	}
	want := both{scenario.Span{TTLs: 2}, scenario.Range{To: time.Second}}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"For":"2ttl","Hold":"0s..1s"}` {
		t.Errorf("written as %s, error %v", text, err)
	}
	var got both
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("read as %v, error %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"For":"2"}`), &got); err == nil {
		t.Error("a span without a unit was read")
	}
}

func TestRangeIsAFlagsValue(t *testing.T) {
	hold := scenario.Range{From: 25 * ms, To: 75 * ms}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Var(&hold, "hold", "time that a lock is held")
	if got := flags.Lookup("hold").DefValue; got != "50ms" {
		t.Errorf("the default is shown as %q", got)
	}
	if err := flags.Parse([]string{"--hold", "1s..0s"}); err == nil || hold.To != 75*ms {
		t.Errorf("a range upside down: error %v, value %v", err, hold)
	}
	if err := flags.Parse([]string{"--hold", "0s..1s"}); err != nil || hold != (scenario.Range{To: time.Second}) {
		t.Errorf("error %v, value %v", err, hold)
	}
}
