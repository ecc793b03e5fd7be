package workloads_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"lockquake/checker/history"
	"lockquake/workloads"
	"lockquake/workloads/lock"
)

func holding(token int64) *workloads.Hold {
	return &workloads.Hold{Hold: lock.Hold{Token: token}}
}

// visit is one read or write of a key; token 0 is a reader without a hold.
type visit struct {
	key   string
	token int64
	write int64 // value; 0: a read
}

// pay makes a visit and gives what was read, or written; 0: nothing.
func (v visit) pay(t *testing.T, m *workloads.Memory) (value, pos int64, err error) {
	t.Helper()
	var hold *workloads.Hold
	if v.token != 0 {
		hold = holding(v.token)
	}
	if v.write != 0 {
		pos, err = m.Write(t.Context(), v.key, hold, strconv.FormatInt(v.write, 10))
		return v.write, pos, err
	}
	text, pos, err := m.Read(t.Context(), v.key, hold)
	value, _ = strconv.ParseInt(text, 10, 64)
	return value, pos, err
}

// The last of the visits is refused, or not; by a memory without a fence none is.
func TestFencedMemoryRefusesTokensOlderThanAnySeen(t *testing.T) {
	for name, tc := range map[string]struct {
		visits  []visit
		refused bool
	}{
		"newer token":                    {[]visit{{"k", 4, 10}, {"k", 5, 11}}, false},
		"equal token":                    {[]visit{{"k", 5, 10}, {"k", 5, 11}}, false},
		"old write":                      {[]visit{{"k", 5, 10}, {"k", 4, 11}}, true},
		"old read":                       {[]visit{{"k", 5, 10}, {"k", 4, 0}}, true},
		"old write after a newer read":   {[]visit{{"k", 5, 0}, {"k", 4, 11}}, true},
		"old read after a newer read":    {[]visit{{"k", 5, 0}, {"k", 4, 0}}, true},
		"read with an equal token":       {[]visit{{"k", 5, 10}, {"k", 5, 0}}, false},
		"write after one's own read":     {[]visit{{"k", 5, 0}, {"k", 5, 11}}, false},
		"other key":                      {[]visit{{"k", 5, 10}, {"j", 4, 11}}, false},
		"older than the one before last": {[]visit{{"k", 7, 10}, {"k", 5, 11}, {"k", 6, 12}}, true},
		"read without a hold":            {[]visit{{"k", 5, 10}, {"k", 0, 0}}, false},
		"after a read without a hold":    {[]visit{{"k", 0, 0}, {"k", 1, 11}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, &workloads.Memory{Fenced: true}, tc.visits, tc.refused)
			wantRefusal(t, &workloads.Memory{}, tc.visits, false)
		})
	}
}

// wantRefusal looks at the last visit only.
func wantRefusal(t *testing.T, m *workloads.Memory, visits []visit, want bool) {
	t.Helper()
	var err error
	for _, v := range visits {
		_, _, err = v.pay(t, m)
	}
	if errors.Is(err, workloads.ErrRefused) != want || !want && err != nil {
		t.Errorf("fenced %t: %v, want refused: %t", m.Fenced, err, want)
	}
}

// Readers that share the lock come in any order; a writer comes before or after all of them.
func TestFencedMemoryAdmitsReadersInAnyOrder(t *testing.T) {
	sharing := func(token int64) *workloads.Hold {
		h := holding(token)
		h.Mode = history.Shared
		return h
	}
	for name, tc := range map[string]struct {
		holds   []*workloads.Hold
		refused bool
	}{
		"older reader after a newer one": {[]*workloads.Hold{sharing(5), sharing(4)}, false},
		"older writer after a reader":    {[]*workloads.Hold{sharing(5), holding(4)}, true},
		"older reader after a writer":    {[]*workloads.Hold{holding(5), sharing(4)}, true},
		"newer writer after readers":     {[]*workloads.Hold{sharing(5), sharing(4), holding(6)}, false},
	} {
		m := &workloads.Memory{Fenced: true}
		var err error
		for _, h := range tc.holds {
			_, _, err = m.Read(t.Context(), "k", h)
		}
		if errors.Is(err, workloads.ErrRefused) != tc.refused {
			t.Errorf("%s: %v, want refused: %t", name, err, tc.refused)
		}
	}
}

// A hold without a token is older than any.
func TestFencedMemoryRefusesAHoldWithoutAToken(t *testing.T) {
	m := &workloads.Memory{Fenced: true}
	if _, err := m.Write(t.Context(), "k", holding(0), "1"); err != nil {
		t.Errorf("refused although no token was seen: %v", err)
	}
	if _, err := m.Write(t.Context(), "k", holding(1), "2"); err != nil {
		t.Error(err)
	}
	if _, err := m.Write(t.Context(), "k", holding(0), "3"); !errors.Is(err, workloads.ErrRefused) {
		t.Errorf("error %v, want a refusal", err)
	}
}

func TestMemoryKeepsWhatItAccepts(t *testing.T) {
	m := &workloads.Memory{Fenced: true}
	for i, step := range []struct {
		visit
		value, pos int64
		refusal    string // empty: none
	}{
		{visit{"k", 0, 0}, 0, 1, ""},
		{visit{"k", 5, 10}, 10, 2, ""},
		{visit{"k", 4, 11}, 11, 0, "token 4 after 5: refused: no effect"}, // as it was to be written
		{visit{"k", 0, 0}, 10, 3, ""},
		{visit{"j", 1, 0}, 0, 4, ""},
		{visit{"k", 4, 0}, 0, 0, "token 4 after 5: refused: no effect"},
		{visit{"k", 6, 12}, 12, 5, ""},
		{visit{"k", 0, 0}, 12, 6, ""},
	} {
		value, pos, err := step.pay(t, m)
		if value != step.value || pos != step.pos {
			t.Errorf("visit %d: value %d at %d, want %d at %d", i, value, pos, step.value, step.pos)
		}
		if (err != nil) != (step.refusal != "") || err != nil && !strings.Contains(err.Error(), step.refusal) {
			t.Errorf("visit %d: error %v, want %q", i, err, step.refusal)
		}
	}
}

// The positions of concurrent writes are an order, and the value is that of the last.
func TestMemoryOrdersConcurrentWrites(t *testing.T) {
	const writers, each = 8, 50
	var m workloads.Memory
	texts := make([]string, writers*each+1) // by position
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				text := fmt.Sprint(w*each + i + 1)
				pos, err := m.Write(t.Context(), "k", holding(1), text)
				if err != nil || pos < 1 || pos > writers*each {
					t.Errorf("write %s at %d: %v", text, pos, err)
					return
				}
				texts[pos] = text
			}
		})
	}
	all.Wait()
	for pos, text := range texts[1:] {
		if text == "" {
			t.Errorf("no write has position %d", pos+1)
		}
	}
	if text, pos, err := m.Read(t.Context(), "k", nil); text != texts[writers*each] || pos != writers*each+1 || err != nil {
		t.Errorf("read %s at %d (%v), want %s", text, pos, err, texts[writers*each])
	}
}
