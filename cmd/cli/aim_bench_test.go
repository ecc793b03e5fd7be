package cli

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
	"lockquake/workloads"
)

// BenchmarkAimedAgainstRandom gives the median time to the first two holders of one lock over ten seeds: with
// pauses that are aimed at a holder, and with the same pauses of any client at random times, 5 s apart on
// average. A run that saw none by its end counts as one that would have at its end.
func BenchmarkAimedAgainstRandom(b *testing.B) {
	aimed := alone(entry(b, Builtin().Faults, "pause-holder"))
	random := alone(entry(b, Builtin().Faults, "pause-client"))
	random.Rules[0].Every, random.Rules[0].Jitter = 5*time.Second, 2500*time.Millisecond
	for _, name := range []string{"mutex", "tutorial", "mutex-norecheck"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				sooner := medianToViolation(b, name, aimed, 5*time.Second)
				later := medianToViolation(b, name, random, time.Minute)
				b.ReportMetric(sooner.Seconds(), "s-aimed")
				b.ReportMetric(later.Seconds(), "s-random")
				b.ReportMetric(later.Seconds()/sooner.Seconds(), "times-sooner")
			}
		})
	}
}

const (
	seeds  = 10
	atOnce = 5 // clusters, which mostly wait
)

func medianToViolation(b *testing.B, strategy string, recipe scenario.Scenario, duration time.Duration) time.Duration {
	b.Helper()
	took := make([]time.Duration, seeds)
	var cells errgroup.Group
	cells.SetLimit(atOnce)
	for seed := range took {
		cells.Go(func() (err error) {
			took[seed], err = timeToViolation(b, strategy, recipe, duration, uint64(seed))
			return err
		})
	}
	if err := cells.Wait(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	return (took[seeds/2-1] + took[seeds/2]) / 2
}

func timeToViolation(b *testing.B, strategy string, recipe scenario.Scenario, duration time.Duration, seed uint64) (time.Duration, error) {
	settings := harness.Settings{
		Members: 3, Clients: 5, Keys: 1, TTL: time.Second, Hold: scenario.Range{From: 25 * time.Millisecond, To: 75 * time.Millisecond},
		Duration: duration, Resource: scenario.InMemory, Loss: scenario.Heeded, Repeats: 1,
	}
	trial := harness.Trial{Scenario: recipe, Settings: settings, Subjects: []harness.Subject{{Name: strategy}}}
	rule := recipe.Rules[0]
	parts := harness.Parts{
		Strategy: entry(b, Builtin().Strategies, strategy).Value.Open, Workload: workloads.Builtin()[0].Kind, Faults: map[string]nemesis.Fault{rule.Fault: rule.Aim.Fault},
		Kind: harness.Embedded(), Place: harness.Place{Members: settings.Members, Dir: b.TempDir(), Prefix: "lockquake/"},
	}
	var out bytes.Buffer
	if err := harness.Run(b.Context(), harness.Draw(seed, []harness.Trial{trial}).Cells[0], parts, &out); err != nil {
		return 0, err
	}
	h, err := history.Decode(&out)
	return firstOverlap(&h), err
}

// firstOverlap is the time from the first acquire to the first two holds at once.
func firstOverlap(h *history.History) time.Duration {
	holds := h.Holds()
	var latest history.Hold // of the ends so far
	for _, hold := range holds {
		if hold.Start < latest.End {
			return hold.StartAt - holds[0].StartAt
		}
		latest = hold
	}
	return h.Last() - holds[0].StartAt
}
