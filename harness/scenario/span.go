package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Span is a length of time, a part of it in TTLs: "ttl+500ms", "2ttl", "1.5s".
type Span struct {
	TTLs float64
	Plus time.Duration
}

// maxTTLs and MaxTime keep sums of times far from an overflow.
const maxTTLs = 1000

const inTTLs = "ttl"

var errSpan = errors.New("give a duration such as 2s, or one in TTLs such as ttl+500ms, 2ttl or 1.5ttl-100ms")

// ParseSpan reads what String gives: a duration, or TTLs with a duration that is added or taken off.
func ParseSpan(text string) (Span, error) {
	count, plus, found := strings.Cut(text, inTTLs)
	if !found {
		count, plus = "0", text
	}
	ttls, err := parseTTLs(count)
	if err != nil {
		return Span{}, err
	}
	s := Span{TTLs: ttls}
	if plus != "" || !found {
		s.Plus, err = time.ParseDuration(plus)
	}
	switch {
	case err != nil, found && plus != "" && !strings.ContainsAny(plus[:1], "+-"), ttls == 0 && s.Plus < 0:
		return Span{}, errSpan
	case s.Plus.Abs() > MaxTime:
		return Span{}, fmt.Errorf("give at most %s", brief(MaxTime))
	}
	return s, nil
}

// parseTTLs reads plain decimals only: strconv knows infinities, exponents and hexadecimals as well.
func parseTTLs(count string) (float64, error) {
	if count == "" {
		return 1, nil
	}
	n, err := strconv.ParseFloat(count, 64)
	switch {
	case err != nil, strings.Trim(count, "0123456789.") != "", strings.Trim(count, ".") == "":
		return 0, errSpan
	case n > maxTTLs:
		return 0, fmt.Errorf("give at most %dttl", maxTTLs)
	}
	return n, nil
}

// Under is the span at a TTL.
func (s Span) Under(ttl time.Duration) time.Duration {
	return time.Duration(s.TTLs*float64(ttl)) + s.Plus
}

func (s Span) String() string {
	if s.TTLs == 0 {
		return brief(s.Plus)
	}
	var b strings.Builder
	if s.TTLs != 1 {
		b.WriteString(strconv.FormatFloat(s.TTLs, 'f', -1, 64))
	}
	b.WriteString(inTTLs)
	if s.Plus > 0 {
		b.WriteByte('+')
	}
	if s.Plus != 0 {
		b.WriteString(brief(s.Plus))
	}
	return b.String()
}

// MarshalText gives what String gives.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseSpan.
func (s *Span) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSpan(string(text))
	return err
}

// brief is a duration as people write it: 2m, not 2m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
