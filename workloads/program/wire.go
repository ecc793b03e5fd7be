package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"lockquake/workloads/lock"
)

// Requests and notices, by name.
const (
	opInit    = "init"
	opAcquire = "acquire"
	opRelease = "release"

	eventRenew = "renew"
	eventLost  = "lost"
)

// request is a line that the program reads.
type request struct {
	ID int64  `json:"id"`
	Op string `json:"op"`
	*opening
	Timeout int64 `json:"timeout_ms,omitempty"`
}

// opening is what init says.
type opening struct {
	Name      string   `json:"name"`
	TTL       int64    `json:"ttl_ms"`
	ClientID  string   `json:"client_id"`
	Endpoints []string `json:"endpoints"`
}

// said is a line that the program writes: an answer, or a notice.
type said struct {
	ID *integer `json:"id"`

	OK    bool    `json:"ok"`
	Token integer `json:"token"`
	Key   string  `json:"key"`
	Lease integer `json:"lease"`

	Error    string `json:"error"`
	Definite bool   `json:"definite"`
	NotHeld  bool   `json:"not_held"`

	Event string  `json:"event"`
	TTL   integer `json:"ttl_ms"`
	Sent  integer `json:"sent_unix_ms"`
}

// integer is a number, or a string of one: so JSON of protocol buffers has integers of 64 bits.
type integer int64

func (i *integer) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(string(bytes.Trim(text, `"`)), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no integer of 64 bits", text)
	}
	*i = integer(n)
	return nil
}

// parse reads a line. A key that is not known is an error: it may be a misspelt one.
func parse(line []byte) (s said, err error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, err
	}
	if decoder.More() {
		return s, errors.New("there is more on the line than one object")
	}
	return s, s.check()
}

func (s said) check() error {
	switch {
	case s.ID == nil && s.Event == "":
		return errors.New("it has neither an id, as answers have, nor an event")
	case s.ID != nil && s.Event != "":
		return errors.New("it has an id, as answers have, and an event")
	case s.ID != nil && s.OK == (s.Error != ""):
		return errors.New(`an answer has either "ok":true or an error`)
	case s.Event == eventRenew && (s.Lease == 0 || s.TTL <= 0 || s.Sent <= 0):
		return errors.New("a renew says lease, ttl_ms and sent_unix_ms")
	case s.ID == nil && s.Event != eventRenew && s.Event != eventLost:
		return fmt.Errorf("there is no event %q: give renew or lost", s.Event)
	}
	return nil
}

// err is the error that an answer tells of.
func (s said) err() error {
	err := errors.New(s.Error)
	switch {
	case s.OK:
		return nil
	case s.NotHeld:
		return fmt.Errorf("%w: %w", lock.ErrNotHeld, err)
	case s.Definite:
		return definite(err)
	}
	return err
}

func definite(err error) error { return fmt.Errorf("%w: %w", lock.ErrDefinite, err) }

// sent is when a renewing request was sent. The clocks of the program and of this process are the same; now is
// a limit in case that somebody has set them meanwhile.
func (s said) sent(now time.Time) time.Time {
	return now.Add(min(0, time.UnixMilli(int64(s.Sent)).Sub(now)))
}
