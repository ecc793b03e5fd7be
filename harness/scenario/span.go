package scenario

import "time"

// Span is a length of time, a part of it in TTLs: "ttl+500ms", "2ttl", "1.5s".
type Span struct {
	TTLs float64
	Plus time.Duration
}

// Under is the span at a TTL.
func (s Span) Under(ttl time.Duration) time.Duration {
	return time.Duration(s.TTLs*float64(ttl)) + s.Plus
}

// Range is what a duration is drawn from: at least From, less than To.
type Range struct {
	From, To time.Duration
}
