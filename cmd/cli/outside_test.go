package cli

import (
	"strings"
	"testing"
)

const corpus = "../../checker/edn/testdata/"

// The histories, each with its twin and why, are in checker/edn/testdata.
func TestCheckJudgesJepsensHistories(t *testing.T) {
	for args, want := range map[string]struct {
		code int
		says []string
	}{
		"handover.edn": {exitHeld, []string{"held", "handover.edn: 6 operations of 2 processes, its processes as the owners", "exclusion valid: 3 holds, no overlap", "RESULT: held; exit 0"}},
		"handover-bad.edn": {exitBroken, []string{"BROKEN", "exclusion invalid: c0 and c1 both held lock for 0.010 s from 0.490 s",
			"0.490 s  c1 acquired lock while c0 still believed", "RESULT: BROKEN; exit 1"}},
		"gave-up.edn":                {exitHeld, []string{"RESULT: held; exit 0"}},
		"gave-up.edn --as-jepsen":    {exitBroken, []string{"a mutex without owners", "knossos invalid", "c0 could not release lock: not-held: dropped", "RESULT: BROKEN; exit 1"}},
		"stolen-bad.edn":             {exitBroken, []string{"ownership invalid: c1 released lock at 0.000 s and was told ok, but held nothing"}},
		"stolen-bad.edn --as-jepsen": {exitHeld, []string{"knossos valid"}},
		"nemesis-bad.edn":            {exitBroken, []string{`2.100 s  nemesis start-partition: [:isolated {"n1" #{"n2" "n3"}}]`}},
	} {
		t.Run(args, func(t *testing.T) {
			call(t, append([]string{"check"}, strings.Fields(corpus+args)...)...).want(t, want.code, want.says...)
		})
	}
}

func TestNothingJudgedIsUnknown(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "empty.edn", "[]")
	for _, args := range [][]string{{"check", "empty.edn"}, {"check", "empty.edn", "--as-jepsen"}} {
		call(t, args...).want(t, exitUnknown, "RESULT: unknown; exit 3")
	}
}
