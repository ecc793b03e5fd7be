package scenario_test

import (
	"errors"
	"testing"
	"time"

	"lockquake/harness/scenario"
)

// Whatever the bytes are, they are a scenario within all limits, or mistakes with a place in the text.
func FuzzParse(f *testing.F) {
	for _, m := range mistakes {
		f.Add([]byte(m.good))
		f.Add([]byte(m.bad))
	}
	for _, named := range scenario.Named() {
		f.Add(named.Text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := scenario.Parse("x.yaml", text, known())
		if err == nil {
			wantWithinLimits(t, s)
			return
		}
		if len(text) > scenario.MaxSize {
			return
		}
		for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
			var m *scenario.ParseError
			if !errors.As(err, &m) || m.Line < 1 || m.Column < 1 || m.What == "" {
				t.Errorf("a mistake without a place: %v", err)
			}
		}
	})
}

func wantWithinLimits(t *testing.T, s scenario.Scenario) {
	t.Helper()
	c := s.Settings
	for what, wrong := range map[string]bool{
		"members":  c.Members < 0 || c.Members > scenario.MaxMembers || c.Members > 0 && c.Members%2 == 0,
		"clients":  c.Clients < 0 || c.Clients > scenario.MaxClients,
		"keys":     c.Keys < 0 || c.Keys > scenario.MaxKeys,
		"repeat":   c.Repeat < 0 || c.Repeat > scenario.MaxRepeat,
		"ttl":      c.TTL < 0 || c.TTL > scenario.MaxTTL || c.TTL%time.Second != 0,
		"hold":     c.Hold.From < 0 || c.Hold.To < c.Hold.From || c.Hold.To > scenario.MaxTime,
		"warmup":   c.Warmup < 0 || c.Warmup > scenario.MaxTime,
		"duration": c.Duration < 0 || c.Duration > scenario.MaxTime,
		"max-p99":  s.Want.MaxP99 < 0 || s.Want.MaxP99 > scenario.MaxTime,
		"max-gap":  s.Want.MaxGap < 0 || s.Want.MaxGap > scenario.MaxTime,
		"min-ops":  s.Want.MinOps < 0 || s.Want.MinOps > scenario.MaxOps,
		"rules":    len(s.Rules) > scenario.MaxRules,
	} {
		if wrong {
			t.Errorf("%s: %+v", what, s)
		}
	}
	for _, r := range s.Rules {
		lasts := r.For.Under(max(c.TTL, scenario.MinTTL))
		if r.Aim.Fault == nil || !(r.Probability > 0 && r.Probability <= 1) || r.Every < 0 || r.Jitter < 0 || r.Jitter > r.Every/2 ||
			r.After < 0 || r.Limit < 0 || lasts < 0 || r.Every > 0 && lasts > r.Every {
			t.Errorf("rule %+v", r)
		}
	}
}
