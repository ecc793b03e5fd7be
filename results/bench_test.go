package results

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lockquake/checker"
)

// benched is a cell of a bench: so many clients pass the lock on so often a second, in a stream, and the floor is 0.4 ms.
func benched(strategy, setting string, repeat, clients int, rate float64) contents {
	turn := time.Duration(float64(time.Second) / rate)
	return contents{
		Record: Record{CellName: CellName{strategy, setting, repeat}, State: Done, Validity: checker.Valid, Grade: checker.Exclusive},
		Stats: Stats{
			PerSecond: rate, Acquired: int(rate), Acquire: Latency{Count: 9, P50: turn * time.Duration(clients)},
			Handoff: Latency{Count: 9, P50: 2 * ms, Mean: turn},
		},
		Costs: &Costs{
			Acquired: 100, Proposals: 200, Requests: map[string]int64{"Txn": 100, "Range": 300}, Watches: 50,
			Floor: Latency{Count: 9, P50: 400 * time.Microsecond}, Cores: &Cores{Idle: 0.5, Own: 0.5}, Clients: clients, Keys: 1,
		},
		measured: true,
	}
}

func repeated(strategy, setting string, clients int, rates ...float64) (cells []contents) {
	for i, rate := range rates {
		cells = append(cells, benched(strategy, setting, i+1, clients, rate))
	}
	return cells
}

func TestBenchRowHasTheMediansOfItsRepeats(t *testing.T) {
	cells := repeated("mutex", "W=8", 8, 90, 70, 80)
	cells[1].Costs.Proposals = -1 // the leader changed
	cells[2].Costs.Cores = nil    // the system did not tell
	cells[2].Costs.Requests = nil // it is a program of its own
	cells[0].Handoff.Mean -= ms
	row := newBench(Manifest{}, cells).Rows[0]
	if row.Rate != (Spread{80, 70, 90, 3}) || row.Idle.N != 2 || row.ByKind["Range"] != 3 || row.Requests != (Spread{4, 4, 4, 2}) || row.Watches.N != 2 {
		t.Errorf("%+v", row)
	}
	if row.Proposals != (Spread{2, 2, 2, 2}) {
		t.Errorf("proposals %+v, want those of the two repeats in which they are known", row.Proposals)
	}
	if low := float64(time.Second)/90 - float64(ms); row.Gap.Low > low+1 || row.Gap.Low < low-1 {
		t.Errorf("gaps %+v, want what the hold leaves of a turn", row.Gap)
	}
	if row.OfFloor.Median != 5 || row.GapOf.Median < 31 || row.GapOf.Median > 32 {
		t.Errorf("handoff %+v x floor, gap %+v", row.OfFloor, row.GapOf)
	}
}

func TestBenchMarksWhatMustBeKnownOfARow(t *testing.T) {
	for name, tc := range map[string]struct {
		cell   contents
		change func(*contents)
		want   string
	}{
		"ten a second for each waiter":            {benched("mutex", "W=8", 1, 8, 80), nil, "stall"},
		"nobody waits":                            {benched("mutex", "W=1", 1, 1, 10), nil, ""},
		"twice that":                              {benched("mutex", "W=8", 1, 8, 160), nil, ""},
		"half of that":                            {benched("mutex", "W=8", 1, 8, 40), nil, ""},
		"as slow by chance, most are fast":        {benched("tutorial", "W=8", 1, 8, 80), func(c *contents) { c.Acquire.P50 = 4 * ms }, ""},
		"as slow by its holds":                    {benched("mutex", "hold=12ms", 1, 8, 80), func(c *contents) { c.Handoff.Mean = ms }, ""},
		"other processes":                         {benched("mutex", "W=8", 1, 8, 500), func(c *contents) { c.Costs.Cores = &Cores{0.2, 0.6, 0.2} }, "busy 1/1"},
		"no core is idle":                         {benched("mutex", "W=8", 1, 8, 500), func(c *contents) { c.Costs.Cores = &Cores{0.01, 0.95, 0.04} }, "full 1/1"},
		"no core is idle because of others":       {benched("mutex", "W=8", 1, 8, 500), func(c *contents) { c.Costs.Cores = &Cores{0, 0.5, 0.5} }, "busy 1/1"},
		"more is asked than it can do":            {benched("mutex", "load=1.1", 1, 8, 80), func(c *contents) { c.Costs.Rate, c.Stats.Backlog = 88, 30 }, "unstable, backlog 30"},
		"it broke":                                {benched("none", "W=8", 1, 8, 500), func(c *contents) { c.Validity = checker.Invalid }, "BROKEN, 0 of 1 repeats"},
		"it is not known whether it held":         {benched("mutex", "W=8", 1, 8, 500), func(c *contents) { c.Validity = checker.Unknown }, "UNKNOWN, 0 of 1 repeats"},
		"several locks, at what would be a stall": {benched("mutex", "keys=64", 1, 8, 80), func(c *contents) { c.Costs.Keys = 64 }, ""},
		"an open loop, at what would be a stall":  {benched("mutex", "load=0.5", 1, 8, 80), func(c *contents) { c.Costs.Rate = 80 }, ""},
	} {
		if tc.change != nil {
			tc.change(&tc.cell)
		}
		b := newBench(Manifest{}, []contents{tc.cell})
		if got := strings.Join(b.Rows[0].Marks(), ", "); got != tc.want {
			t.Errorf("%s: marked %q, want %q", name, got, tc.want)
		}
		notes := slices.DeleteFunc(b.Notes(), func(note string) bool { return strings.HasPrefix(note, "floor: ") })
		if len(notes) > 1 || len(notes) == 1 && !strings.HasPrefix(tc.want, strings.SplitN(notes[0], ":", 2)[0]) {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
}

func TestBenchClaimsNoDifferenceThatChanceMakes(t *testing.T) {
	slow := []float64{100, 101, 99}
	for name, tc := range map[string]struct {
		clients int
		rates   []float64
		claimed bool
	}{
		"five times as fast":                      {8, []float64{500, 510, 490}, true},
		"a fifth as fast":                         {8, []float64{20, 21, 19}, true},
		"a third faster, by few clients":          {2, []float64{133, 134, 132}, false},
		"a third faster, by many":                 {32, []float64{133, 134, 132}, true},
		"twice as fast, but for one repeat":       {8, []float64{200, 210, 100}, false},
		"five times as fast, in only two repeats": {8, []float64{500, 510}, false},
	} {
		b := newBench(Manifest{}, append(repeated("mutex", "W=x", tc.clients, slow...), repeated("other", "W=x", tc.clients, tc.rates...)...))
		if got := b.Rows[1].Ratio; got.Claimed != tc.claimed || got.Of == 0 {
			t.Errorf("%s: %+v, want claimed: %t", name, got, tc.claimed)
		}
		if b.Rows[0].Ratio.Of != 0 {
			t.Errorf("mutex is compared with itself: %+v", b.Rows[0].Ratio)
		}
	}
}

// What was carried out without costs is no bench; a strategy that failed in a bench has a row less, and its cells say why.
func TestRunWithoutCostsIsNoBench(t *testing.T) {
	plain := benched("mutex", "none", 1, 8, 80)
	plain.Costs = nil
	if b := newBench(Manifest{}, []contents{plain}); len(b.Rows) != 0 {
		t.Errorf("%+v", b.Rows)
	}
	late := Record{CellName: CellName{"mutex", "W=8", 2}, State: Planned}
	b := newBench(Manifest{}, append(repeated("mutex", "W=8", 8, 500), contents{Record: late}))
	if got := b.Rows[0].Marks(); !slices.Equal(got, []string{"1 of 2 repeats"}) {
		t.Errorf("a bench that was interrupted is marked %q", got)
	}
	b = newBench(Manifest{}, []contents{benched("election", "W=8", 1, 8, 80), plain, benched("mutex", "W=8", 1, 8, 80)})
	if len(b.Rows) != 2 || b.Reference != "mutex" || !slices.Equal(b.strategies(), []string{"election", "mutex"}) {
		t.Errorf("%+v", b)
	}
}

func TestBenchIsDrawn(t *testing.T) {
	r := must(Create(filepath.Join(t.TempDir(), "run"), Info{Cells: []CellName{{"mutex", "W=2", 1}}}))(t)
	b := newBench(Manifest{}, slices.Concat(repeated("mutex", "W=2", 2, 19, 20), repeated("mutex", "W=8", 8, 80), repeated("stm", "W=8", 8, 700, 900),
		repeated("stm", "load=0.5", 8, 0))) // of which nothing was acquired
	check(t, b.save(r))
	for _, file := range []string{"bench.json", "bench-rate.png", "bench-handoff.svg"} {
		if _, err := os.Stat(r.Path(file)); err != nil {
			t.Error(err)
		}
	}
}
