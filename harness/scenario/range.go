package scenario

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Range is what a duration is drawn from: at least From, less than To. As text it is "0s..2s", or its
// mean alone, "50ms", for 25ms..75ms. It is a flag's value too.
type Range struct {
	From, To time.Duration
}

var errRange = errors.New("give a mean such as 50ms, or a range such as 0s..2s")

// ParseRange reads what String gives.
func ParseRange(text string) (Range, error) {
	from, to, found := strings.Cut(text, "..")
	if !found {
		mean, err := time.ParseDuration(text)
		if err != nil {
			return Range{}, errRange
		}
		return around(mean).checked()
	}
	low, lowErr := time.ParseDuration(from)
	high, highErr := time.ParseDuration(to)
	if lowErr != nil || highErr != nil {
		return Range{}, errRange
	}
	return Range{From: low, To: high}.checked()
}

// around is from half a mean to one and a half.
func around(mean time.Duration) Range { return Range{From: mean / 2, To: mean/2 + mean} }

func (r Range) checked() (Range, error) {
	switch {
	case r.From < 0 || r.To < 0:
		return Range{}, errRange
	case r.From > r.To:
		return Range{}, fmt.Errorf("give the lower end first: %s..%s", brief(r.To), brief(r.From))
	case r.To > MaxTime:
		return Range{}, fmt.Errorf("give at most %s", brief(MaxTime))
	}
	return r, nil
}

func (r Range) String() string {
	if mean := (r.From + r.To) / 2; around(mean) == r {
		return brief(mean)
	}
	return brief(r.From) + ".." + brief(r.To)
}

// MarshalText gives what String gives.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is ParseRange.
func (r *Range) UnmarshalText(text []byte) error { return r.Set(string(text)) }

// Set is ParseRange; a text that is refused changes nothing.
func (r *Range) Set(text string) error {
	parsed, err := ParseRange(text)
	if err == nil {
		*r = parsed
	}
	return err
}

// Type is what the help of a flag calls its value.
func (*Range) Type() string { return "range" }
