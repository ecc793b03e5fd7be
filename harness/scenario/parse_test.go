package scenario_test

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"lockquake/harness/nemesis"
	"lockquake/harness/scenario"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestAScenarioIsReadAsItIsWritten(t *testing.T) {
	got, err := scenario.Parse("my/flaky.yaml", []byte(`# a comment
doc: it shakes
cluster: process
strategies: [mutex, "tutorial+fence"]
members: 5
clients: 4
keys: 3
ttl: 2s
hold: 50ms
warmup: 500ms
duration: 2m
resource: memory
repeat: 6
workload: contend
permits: 2
spread: zipf
rate: 12.5
want: fenced
max-p99: 50ms
max-gap: 3s
min-ops: 100
faults:
  - fault: pause
    target: leader
    every: 5s
    jitter: 1s
    for: 2ttl
  - {fault: pause-holder, when: releasing, probability: 0.5, limit: 3, after: 1s}
`), known())
	want := scenario.Scenario{
		Name: "flaky", Doc: "it shakes",
		Settings: scenario.Settings{
			Cluster: scenario.Process, Strategies: []string{"mutex", "tutorial+fence"}, Members: 5, Clients: 4, Keys: 3,
			TTL: 2 * time.Second, Hold: scenario.Range{From: 25 * ms, To: 75 * ms}, Warmup: 500 * ms, Duration: 2 * time.Minute,
			Resource: scenario.InMemory, Repeat: 6, Workload: "contend", Permits: 2, Spread: scenario.Zipf, Rate: 12.5,
		},
		Want: scenario.Want{Guarantee: "fenced", MaxP99: 50 * ms, MaxGap: 3 * time.Second, MinOps: 100},
		Rules: []scenario.Rule{
			{Fault: "pause-leader", Aim: nemesis.Aim{Fault: lasting{}, Role: nemesis.Leader},
				Every: 5 * time.Second, Jitter: time.Second, For: scenario.Span{TTLs: 2}, Probability: 1},
			{Fault: "pause-holder", Aim: nemesis.Aim{Fault: lasting{}, Role: nemesis.Holder, Moment: nemesis.Releasing},
				Probability: 0.5, Limit: 3, After: time.Second},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("error %v, read\n%+v, want\n%+v", err, got, want)
	}
}

func TestARuleWaitsForWhatItSaysElseForWhatItsFaultAimsAt(t *testing.T) {
	for fields, want := range map[string]nemesis.Moment{
		"fault: pause-holder":                              nemesis.Acquired,
		"fault: pause-holder, limit: 1":                    nemesis.Acquired,
		"fault: pause-holder, every: 5s":                   "",
		"fault: pause-holder, every: 5s, when: renewed":    nemesis.Renewed,
		"fault: pause-holder, when: anytime":               "",
		"fault: pause-holder, every: 5s, when: anytime":    "",
		"fault: pause, target: holder":                     nemesis.Acquired,
		"fault: pause, target: waiter":                     nemesis.Waiting,
		"fault: kill-leader":                               "",
		"fault: kill-leader, when: acquired":               nemesis.Acquired,
		"fault: compact, when: leader-changed, every: 10s": nemesis.LeaderChanged,
	} {
		s, err := scenario.Parse("x.yaml", []byte("faults: [{"+fields+"}]"), known())
		if err != nil || len(s.Rules) != 1 || s.Rules[0].Aim.Moment != want {
			t.Errorf("%s: %+v, error %v; want moment %q", fields, s.Rules, err, want)
		}
	}
}

func TestAScenarioIsCalledAsItsFile(t *testing.T) {
	for file, want := range map[string]string{"calm": "calm", "a/b.c/my.own.yml": "my.own", `c:\x\y.yaml`: "y", ".yaml": ".yaml", "-": "-"} {
		if s, err := scenario.Parse(file, []byte("faults: []"), known()); err != nil || s.Name != want {
			t.Errorf("%q is called %q, error %v; want %q", file, s.Name, err, want)
		}
	}
}

// rule is a scenario of one rule.
func rule(fields ...string) string {
	return "faults:\n  - " + strings.Join(fields, "\n    ") + "\n"
}

const calm = "\nfaults: []\n"

// Each mistake has a twin without it; what is said of it stands in testdata/mistakes.txt.
var mistakes = []struct{ name, good, bad string }{
	{"nothing", "faults: []", "# nothing\n"},
	{"no faults", "doc: x\nfaults: []", "doc: x\n"},
	{"faults without a value", "faults: []", "doc: x\nfaults:\n"},
	{"faults that are no list", rule("fault: compact"), "faults:\n  fault: compact\n"},
	{"not a mapping", "faults: []", "- faults\n"},
	{"a field misspelled", "members: 3" + calm, "member: 3" + calm},
	{"a field that nobody knows", "members: 3" + calm, "weather: fair" + calm},
	{"a field far too long", "members: 3" + calm, strings.Repeat("long", 30) + ": 3" + calm},
	{"a field of rules in the scenario", rule("fault: compact", "every: 5s"), "every: 5s\n" + rule("fault: compact")},
	{"a field given twice", "members: 3" + calm, "members: 3\nclients: 2\nmembers: 5" + calm},
	{"a field given twice in brackets", rule("{fault: compact, every: 5s}"), rule("{fault: compact, every: 5s, every: 6s}")},
	{"a number as text", `doc: "2"` + calm, "doc: 2" + calm},
	{"text of many lines", `doc: "a b"` + calm, `doc: "a\nb"` + calm},
	{"text too long", "doc: " + strings.Repeat("0123 56789", 40) + calm, "doc: " + strings.Repeat("0123 56789", 40) + "x" + calm},
	{"a cluster misspelled", "cluster: process" + calm, "cluster: proceess" + calm},
	{"a cluster that nobody knows", "cluster: external" + calm, "cluster: cloud" + calm},
	{"a cluster that is no name", "cluster: embed" + calm, "cluster: [embed]" + calm},
	{"a loss that is neither", "loss: ignored" + calm, "loss: hidden" + calm},
	{"a workload that nobody knows", "workload: set" + calm, "workload: sett" + calm},
	{"a workload that is a list", "workload: set" + calm, "workload: [set]" + calm},
	{"a rate of nothing", "rate: 0.5" + calm, "rate: 0" + calm},
	{"a spread that nobody knows", "spread: zipf" + calm, "spread: wide" + calm},
	{"a want that nobody knows", "want: fenced" + calm, "want: perfect" + calm},
	{"a want that is several", "want: fenced\nmax-p99: 50ms" + calm, "want: {grade: fenced, max-p99: 50ms}" + calm},
	{"a threshold as in other languages", "max-p99: 50ms" + calm, "max_p99: 50ms" + calm},
	{"a threshold without a unit", "max-gap: 3s" + calm, "max-gap: 3" + calm},
	{"a threshold of no time", "max-p99: 1us" + calm, "max-p99: 0s" + calm},
	{"a threshold of no acquires", "min-ops: 1" + calm, "min-ops: 0" + calm},
	{"a resource that nobody knows", "resource: etcd" + calm, "resource: disk" + calm},
	{"strategies that are no list", "strategies: [mutex]" + calm, "strategies: mutex" + calm},
	{"strategies, none", "strategies: [mutex]" + calm, "strategies: []" + calm},
	{"a strategy misspelled", "strategies:\n  - mutex\n  - tutorial" + calm, "strategies:\n  - mutex\n  - tutoral" + calm},
	{"a strategy twice", "strategies: [mutex, mutex+fence]" + calm, "strategies: [mutex, mutex]" + calm},
	{"a strategy that is a number", "strategies: [mutex]" + calm, "strategies: [5]" + calm},
	{"members, even", "members: 5" + calm, "members: 4" + calm},
	{"members, too many", "members: 9" + calm, "members: 11" + calm},
	{"members, not whole", "members: 5" + calm, "members: 5.0" + calm},
	{"clients, none", "clients: 1" + calm, "clients: 0" + calm},
	{"clients, negative", "clients: 1" + calm, "clients: -1" + calm},
	{"clients, too many", "clients: 1024" + calm, "clients: 1025" + calm},
	{"keys, in words", "keys: 2" + calm, "keys: two" + calm},
	{"keys, astronomically many", "keys: 2" + calm, "keys: 100000000000000000000000" + calm},
	{"repeat, nothing", "repeat: 2" + calm, "repeat:" + calm},
	{"ttl without a unit", "ttl: 5s" + calm, "ttl: 5" + calm},
	{"ttl not whole", "ttl: 2s" + calm, "ttl: 1500ms" + calm},
	{"ttl too short", "ttl: 1s" + calm, "ttl: 0s" + calm},
	{"ttl too long", "ttl: 10m" + calm, "ttl: 11m" + calm},
	{"hold without a unit", "hold: 50ms" + calm, "hold: 50" + calm},
	{"hold, nothing", "hold: 0s..1ms" + calm, "hold: 0s" + calm},
	{"hold upside down", "hold: 1s..2s" + calm, "hold: 2s..1s" + calm},
	{"duration too short", "duration: 1ms" + calm, "duration: 0s" + calm},
	{"duration too long", "duration: 24h" + calm, "duration: 1000h" + calm},
	{"warmup, negative", "warmup: 1s" + calm, "warmup: -1s" + calm},
	{"a rule that is a name", rule("fault: compact"), rule("compact")},
	{"a rule that is empty", rule("fault: compact"), "faults:\n  -\n"},
	{"a rule without a fault", rule("fault: compact", "every: 5s"), rule("every: 5s", "for: 2s")},
	{"a rule in brackets without a fault", rule("{fault: compact, every: 5s}"), rule("{every: 5s}")},
	{"a field of rules misspelled", rule("fault: compact", "every: 5s"), rule("fault: compact", "evry: 5s")},
	{"every without a unit", rule("fault: pause-holder", "every: 5s"), rule("fault: pause-holder", "every: 5")},
	{"a fault misspelled", rule("fault: pause-holder"), rule("fault: pause-holdr")},
	{"a kind of fault misspelled", rule("fault: pause", "target: holder"), rule("fault: pauze", "target: holder")},
	{"a fault that nobody knows", rule("fault: compact"), rule("fault: earthquake")},
	{"a fault that is a number", rule("fault: compact"), rule("fault: 7")},
	{"a fault that does nothing", "faults: []", rule("fault: none")},
	{"a kind of fault without a target", rule("fault: pause", "target: all"), rule("fault: pause")},
	{"a target misspelled", rule("fault: pause", "target: leader"), rule("fault: pause", "target: leadr")},
	{"a target of other faults", rule("fault: kill", "target: leader"), rule("fault: kill", "target: holder")},
	{"a target given twice", rule("fault: kill-leader"), rule("fault: kill-leader", "target: leader")},
	{"a target for the whole cluster's fault", rule("fault: compact"), rule("target: all", "fault: compact")},
	{"a moment misspelled", rule("fault: compact", "when: acquired"), rule("fault: compact", "when: acquird")},
	{"a moment that never comes", rule("fault: compact", "when: waiting") + "clients: 2", rule("fault: compact", "when: waiting") + "clients: 1"},
	{"a client that never waits", rule("fault: pause", "target: waiter"), "clients: 1\n" + rule("fault: pause", "target: waiter")},
	{"a leader that never changes", "members: 3\n" + rule("fault: compact", "when: leader-changed"), "members: 1\n" + rule("fault: compact", "when: leader-changed")},
	{"a follower that is not there", "members: 3\n" + rule("fault: kill-follower"), "members: 1\n" + rule("fault: kill-follower")},
	{"too few members", "members: 5\n" + rule("fault: bridge"), "members: 3\n" + rule("fault: bridge")},
	{"for without a unit", rule("fault: compact", "for: 2ttl+1s"), rule("fault: compact", "for: 2ttl+1")},
	{"for, nothing", rule("fault: compact", "for: 1ms"), rule("fault: compact", "for: 0s")},
	{"for, less than nothing", "ttl: 2s\n" + rule("fault: compact", "for: ttl-1s"), rule("fault: compact", "for: ttl-1s")},
	{"for longer than a day", "ttl: 10m\n" + rule("fault: compact", "for: 144ttl"), "ttl: 10m\n" + rule("fault: compact", "for: 145ttl")},
	{"for longer than every", rule("fault: compact", "every: 2s", "for: 2ttl"), "ttl: 2s\n" + rule("fault: compact", "every: 2s", "for: 2ttl")},
	{"jitter too large", rule("fault: compact", "every: 2s", "jitter: 1s"), rule("fault: compact", "jitter: 1001ms", "every: 2s")},
	{"jitter of nothing", rule("fault: compact", "every: 2s", "jitter: 0s"), rule("fault: compact", "jitter: 1s")},
	{"probability too large", rule("fault: compact", "probability: 1"), rule("fault: compact", "probability: 50")},
	{"probability, none", rule("fault: compact", "probability: 0.001"), rule("fault: compact", "probability: 0.0")},
	{"probability, not a number", rule("fault: compact", "probability: 1.0"), rule("fault: compact", "probability: .nan")},
	{"limit, none", rule("fault: compact", "limit: 1"), rule("fault: compact", "limit: 0")},
	{"after the end", "duration: 5s\n" + rule("fault: compact", "after: 4s"), "duration: 5s\n" + rule("fault: compact", "after: 5s")},
	{"rules, too many", "faults: [" + strings.Repeat("{fault: compact}, ", 100) + "]", "faults: [" + strings.Repeat("{fault: compact}, ", 101) + "]"},
	{"mistakes, several", "ttl: 5s\nhold: 5s" + calm, "hold: 5\nttl: 5\n" + rule("fault: pauze-holder", "target: nobody") + "clients: many"},
	{"mistakes, very many", calm, strings.Repeat("ttl: 5\n", 15) + calm},
	{"two files in one", "---\nfaults: []\n", "faults: []\n---\nfaults: []\n"},
	{"an end of the file", "faults: []\n", "faults: []\n...\n"},
	{"a tab", rule("fault: compact", "every: 5s"), "faults:\n  - fault: compact\n  \t every: 5s\n"},
	{"no text", "doc: caf\u00e9" + calm, "doc: caf\xe9" + calm},
	{"control characters", "doc: red\nttl: 5s" + calm, "doc: \x1b[31mred\x00\nttl: 5" + calm},
	{"an anchor", "doc: x" + calm, "doc: &a x" + calm},
	{"a billion laughs", "doc: x" + calm, "doc: *a" + calm},
	{"a merge", "doc: x" + calm, "<<: {doc: x}" + calm},
	{"a tag", "doc: x" + calm, "doc: !!str x" + calm},
	{"a question mark", "doc: x" + calm, "? doc\n: x" + calm},
	{"a directive", "doc: x" + calm, "%YAML 1.2\n---\ndoc: x" + calm},
	{"a block", "doc: x\n  y" + calm, "doc: |\n  x\n  y" + calm},
	{"a folded block", "doc: x\n  y" + calm, "doc: >\n  x\n  y" + calm},
	{"a list in a list", rule("fault: compact"), rule("- fault: compact")},
	{"brackets in brackets", "{faults: [{fault: compact}]}", "faults: [[[[[[]]]]]]"},
	{"a colon without a space", rule("fault: compact", "every: 5s"), rule("fault: compact", "every:5s")},
	{"two colons", "doc: 'a: b'" + calm, "doc: a: b" + calm},
	{"a field that does not line up", rule("fault: compact", "every: 5s"), "faults:\n  - fault: compact\n   every: 5s\n"},
	{"a quote that is not closed", "doc: 'x'" + calm, "doc: 'x" + calm},
	{"a bracket that is not closed", "faults: []", "faults: [\n"},
	{"a character that YAML keeps for itself", "doc: '@x'" + calm, "doc: @x" + calm},
	{"a key that is a list", "doc: x" + calm, "[doc]: x" + calm},
	{"lines ended as elsewhere", "doc: x\r\nttl: 5s\r\nfaults: []\r\n", "\ufeffdoc: x\r\nttl: 5\r\nfaults: []\r\n"},
	{"parts, too many", "faults: []\n" + strings.Repeat("\n", 20000), strings.Repeat("a:\n", 20000)},
}

func TestMistakesAreShownAtTheirPlace(t *testing.T) {
	var b strings.Builder
	for _, m := range mistakes {
		if _, err := scenario.Parse("good.yaml", []byte(m.good), known()); err != nil {
			t.Errorf("%s: the good twin is refused: %v", m.name, err)
		}
		s, err := scenario.Parse("my/flaky.yaml", []byte(m.bad), known())
		if err == nil {
			t.Errorf("%s: no mistake was found", m.name)
			continue
		}
		if !reflect.DeepEqual(s, scenario.Scenario{}) {
			t.Errorf("%s: a scenario came with the error: %+v", m.name, s)
		}
		b.WriteString("-- " + m.name + " --\n" + err.Error() + "\n\n")
	}
	wantGolden(t, "testdata/mistakes.txt", b.String())
}

func wantGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(want), "\n-- "), strings.Split(got, "\n-- ")
	for n := range max(len(was), len(is)) {
		if n >= len(was) || n >= len(is) || was[n] != is[n] {
			t.Fatalf("%s, part %d of %d and %d:\ngot  %s\nwant %s", file, n+1, len(is), len(was), at(is, n), at(was, n))
		}
	}
}

func at(parts []string, n int) string {
	if n < len(parts) {
		return parts[n]
	}
	return "nothing"
}

func TestAFileTooLargeIsNotRead(t *testing.T) {
	text := []byte("faults: []\n" + strings.Repeat("#", scenario.MaxSize-len("faults: []\n")))
	if _, err := scenario.Parse("x.yaml", text, known()); err != nil {
		t.Errorf("%d bytes: %v", len(text), err)
	}
	text = append(text, '#')
	if _, err := scenario.Parse("x.yaml", text, known()); err == nil || err.Error() != "x.yaml: it has 65537 bytes: give at most 65536" {
		t.Errorf("%d bytes: %v", len(text), err)
	}
}
