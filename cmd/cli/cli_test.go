package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/harness/cluster"
	"lockquake/results"
	"lockquake/workloads/locks"
)

// asLockquake makes this test binary behave as lockquake itself, so that it can be killed.
const asLockquake = "LOCKQUAKE_TEST_MAIN"

func TestMain(m *testing.M) {
	cluster.ServeMember()
	serveVirtual(Builtin())
	for _, set := range []string{"CI", "GITHUB_ACTIONS", "CLICOLOR_FORCE"} { // where these tests run is no matter
		_ = os.Unsetenv(set)
	}
	if os.Getenv(asLockquake) != "" {
		os.Exit(Main(Builtin(), os.Args[1:]))
	}
	os.Exit(m.Run())
}

type said struct {
	code     int
	out, log string
}

func call(t *testing.T, args ...string) said {
	t.Helper()
	var out, log bytes.Buffer
	code := run(t.Context(), Builtin(), args, &out, &log)
	return said{code, out.String(), log.String()}
}

func (s said) want(t *testing.T, code int, fragments ...string) {
	t.Helper()
	if s.code != code {
		t.Errorf("exit %d, want %d", s.code, code)
	}
	if strings.ContainsAny(s.out+s.log, "\r\x1b") {
		t.Errorf("what nobody looks at has control characters: %q", s.out+s.log)
	}
	for _, f := range fragments {
		if !strings.Contains(s.out+s.log, f) {
			t.Errorf("%q is missing", f)
		}
	}
	if t.Failed() {
		t.Fatalf("out:\n%s\nlog:\n%s", s.out, s.log)
	}
}

func TestWrongInputIsAnsweredInOneLine(t *testing.T) {
	t.Chdir(t.TempDir())
	garbage := filepath.Join(t.TempDir(), "garbage.zst")
	if err := os.WriteFile(garbage, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	sloppy := filepath.Join(t.TempDir(), "sloppy.edn")
	if err := os.WriteFile(sloppy, []byte("; a history\n{:type :done}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"run --strategy mutx":                 `--strategy: there is no "mutx": did you mean "mutex"?`,
		"run --strategy mutex,qqqqqqqqqqqqqq": `there is no "qqqqqqqqqqqqqq": give one of tutorial,`,
		"run --fault pause-holdr":             `did you mean "pause-holder"?`,
		"run --strategy ,":                    `--strategy: there is no ""`,
		"run --ttl 0s":                        "--ttl is 0s: give at least 1s, etcd silently raises",
		"run --ttl 1500ms":                    "--ttl is 1.5s: give whole seconds",
		"run --hold -1s":                      "give a mean such as 50ms, or a range such as 0s..2s",
		"run --hold 2s..1s":                   "give the lower end first: 1s..2s",
		"run --duration -3s":                  "--duration is -3s: give a positive duration",
		"run --duration 3":                    `missing unit in duration`,
		"run --clients 0":                     "--clients is 0: give a number from 1",
		"run --members 2":                     "--members is 2: give an odd number",
		"run --want gold":                     `--want is "gold": give one of safe, promised, fenced, lease-bounded, exclusive`,
		"run --want unsafe":                   `--want is "unsafe": give one of safe`,
		"run --want ":                         "flag needs an argument: --want",
		"run --max-p99 50":                    "missing unit in duration",
		"run --max-p99 -1ms":                  "--max-p99 is -1ms: give a duration such as 50ms, at most 24h0m0s",
		"run --max-p99 48h":                   "--max-p99 is 48h0m0s: give a duration",
		"run --max-gap -1s":                   "--max-gap is -1s: give a duration such as 3s",
		"run --max-gap long":                  "invalid duration",
		"run --min-ops -1":                    "--min-ops is -1: give a number of acquires such as 100",
		"run --min-ops 1.5":                   "invalid argument",
		"run --min-ops 2000000000":            "at most 1000000000",
		"run --shard 1/2":                     "--shard goes with --seed: all shards must be of one plan",
		"run --seed 1 --shard 2":              `--shard is "2": give which of how many, such as 1/4`,
		"run --seed 1 --shard a/b":            `--shard is "a/b": give which of how many`,
		"run --seed 1 --shard 0/2":            `--shard is "0/2": give one from 1/2 to 2/2`,
		"run --seed 1 --shard 3/2":            `--shard is "3/2": give one from 1/2 to 2/2`,
		"run --seed 1 --shard 1/-1":           `--shard is "1/-1": give one from 1/1 to 1/1`,
		"run --seed 1 --shard 1/7":            `--shard is "1/7": the plan has 6 cells: split it into at most as many`,
		"merge":                               "merge: give the folders of runs, such as shards/*",
		"merge nowhere":                       "open run nowhere: no such folder",
		"merge " + full:                       "not the folder of a run",
		"merge latest":                        "make one with lockquake run, or give a path",
		"merge --out x":                       "merge: give the folders of runs",
		"run --unknown ok":                    `--unknown is "ok": give fail or pass`,
		"check --unknown maybe":               `--unknown is "maybe": give fail or pass`,
		"check --want best":                   `--want is "best": give one of safe`,
		"check --min-ops 3 " + sloppy:         "thresholds go with a run",
		"run --resource disk":                 `--resource is "disk": give memory or etcd`,
		"run --parallel 0":                    "--parallel is 0: give a number from 1 to 64",
		"run --seed -1":                       "invalid argument",
		"run mutex":                           `there is no scenario "mutex": give one of calm,`,
		"run holder --duration 4s":            "and the run lasts 4s: give a longer duration",
		"run holdr":                           `did you mean "holder"?`,
		"run ./nowhere.yaml":                  "read scenario: open ./nowhere.yaml: no such file",
		"run holder --fault pause-holder":     "give scenarios or --fault, not both",
		"run holder holder":                   "two scenarios are named holder",
		"run --cluster docker":                `--cluster: there is no "docker": give one of embed, process, external`,
		"run --fault pause-leader":            "fault pause-leader: a cluster of kind embed cannot pause members: one of kind process can",
		"run --hook-timeout 1s":               "--hook-timeout goes with --cluster external",
		"run --prefix mine/":                  "--prefix goes with --cluster external",
		"run --fault bridge":                  "fault bridge: a cluster of kind embed has 3 members, and 5 are needed",
		"run --frobnicate":                    "unknown flag: --frobnicate",
		"run --out /proc/lockquake":           "/proc/lockquake",
		"run --out " + full:                   "it has files in it: name a new or an empty folder",
		"bench hold":                          `SUITE: there is no "hold": did you mean "holds"?`,
		"bench --repeat 0":                    "--repeat is 0: give a number from 1",
		"bench --strategy mutx":               `--strategy: there is no "mutx": did you mean "mutex"?`,
		"check":                               "make one with lockquake run, or give a path",
		"check nowhere":                       "no such folder: give the folder of a run, or latest",
		"check " + full:                       "not the folder of a run",
		"check " + garbage:                    "not a lockquake history",
		"check " + garbage + " --as-jepsen":   "--as-jepsen goes with an .edn file",
		"check nowhere.edn":                   "open history: open nowhere.edn: no such file",
		"check " + sloppy:                     "sloppy.edn: line 2: expected :type :invoke, :ok, :fail or :info, got :done",
		"check --want safe " + sloppy:         "--want, --unknown and thresholds go with a run: nothing was promised of an .edn file",
		"report":                              `-o is "": give one of html, md, junit`,
		"report -o enf":                       `-o is "enf": give one of html`,
		"report -o edn":                       "make one with lockquake run, or give a path",
		"report nowhere -o edn":               "no such folder: give the folder of a run, or latest",
		"report -o edn " + garbage:            "not a lockquake history",
		"list colours":                        `there is no list of "colours": give one of strategies,`,
		"list faults holder":                  "only scenarios can be shown",
		"list scenarios holdr":                `SCENARIO: there is no "holdr": did you mean "holder"?`,
		"shake":                               `unknown command "shake"`,
	} {
		t.Run(args, func(t *testing.T) {
			s := call(t, strings.Fields(args)...)
			s.want(t, exitUsage, want)
			if strings.Count(s.log, "\n") != 1 || s.out != "" {
				t.Errorf("more than one line:\n%s%s", s.out, s.log)
			}
		})
	}
	if made, _ := os.ReadDir("."); len(made) != 0 {
		t.Errorf("wrong input left %v behind", made)
	}
}

func TestPlanOnlyPrintsThePlanOfTheSeed(t *testing.T) {
	args := []string{"run", "--strategy", "mutex,mutex+fence", "--fault", "core", "--plan-only", "--seed", "7"}
	one, two := call(t, args...), call(t, args...)
	one.want(t, exitHeld)
	if one.out != two.out {
		t.Error("the same seed printed two plans")
	}
	var plan harness.Plan
	if err := json.Unmarshal([]byte(one.out), &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan.Cells) != 12 || plan.Seed != 7 {
		t.Errorf("%d cells with seed %d, want 2 strategies x 6 faults with seed 7", len(plan.Cells), plan.Seed)
	}
}

// Every cell of a plan is in just one of its shards, and they are told as what they are.
func TestShardsOfAPlanAreAllOfIt(t *testing.T) {
	args := []string{"run", "--strategy", "mutex,mutex+fence", "--fault", "core", "--plan-only", "--seed", "7"}
	var whole harness.Plan
	if err := json.Unmarshal([]byte(call(t, args...).out), &whole); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range 5 {
		s := call(t, append(args, "--shard", fmt.Sprintf("%d/5", i+1))...)
		s.want(t, exitHeld)
		var part harness.Plan
		if err := json.Unmarshal([]byte(s.out), &part); err != nil {
			t.Fatal(err)
		}
		for _, c := range part.Cells {
			names = append(names, c.Name().String())
		}
	}
	var want []string
	for _, c := range whole.Cells {
		want = append(want, c.Name().String())
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("the shards have %q, the plan %q", names, want)
	}
}

func TestListShowsEverything(t *testing.T) {
	s := call(t, "list")
	s.want(t, exitHeld, "mutex-norecheck", "WITH +FENCE", "kill-leader", "lease-bounded")
	faults := call(t, "list", "faults")
	faults.want(t, exitHeld, "kill-leader")
	if strings.Contains(faults.out, "mutex") {
		t.Errorf("list faults shows strategies:\n%s", faults.out)
	}
}

func TestCatalogueRefusesWhatCannotBeNamed(t *testing.T) {
	mine := Strategy{Open: locks.Mutex, Promise: unfenced}
	for what, wrong := range map[string]struct {
		change func(*Catalogue)
		says   string
	}{
		"a fault twice":    {func(c *Catalogue) { c.Faults = append(c.Faults, c.Faults[0]) }, `fault "isolate-leader" twice`},
		"a strategy twice": {func(c *Catalogue) { c.AddStrategy("mutex", "", mine) }, `strategy "mutex" twice`},
		"a group's name":   {func(c *Catalogue) { c.AddStrategy("all", "", mine) }, `named "all", which stands for several`},
		"a space":          {func(c *Catalogue) { c.AddStrategy("my own", "", mine) }, `named "my own": give it a name without spaces`},
		"no name":          {func(c *Catalogue) { c.AddStrategy("", "", mine) }, `named "": give it a name`},
		"no lock":          {func(c *Catalogue) { c.AddStrategy("own", "", Strategy{}) }, `strategy "own" of the catalogue has no Open`},
	} {
		t.Run(what, func(t *testing.T) {
			c := Builtin()
			wrong.change(&c)
			var log bytes.Buffer
			if code := run(t.Context(), c, []string{"list"}, &log, &log); code != exitUsage || !strings.Contains(log.String(), wrong.says) {
				t.Errorf("exit %d: %s", code, log.String())
			}
		})
	}
}

func TestAddedStrategyCanBeNamed(t *testing.T) {
	c := Builtin()
	c.AddStrategy("own", "a lock of somebody's own", Strategy{Open: locks.Mutex, Promise: unfenced})
	var out bytes.Buffer
	code := run(t.Context(), c, []string{"list", "strategies"}, &out, &out)
	said{code, out.String(), ""}.want(t, exitHeld, "a lock of somebody's own")
	call(t, "run", "--strategy", "own").want(t, exitUsage, `there is no "own"`) // only there
}

func TestExitCodesTakeTheWorst(t *testing.T) {
	for _, c := range []struct{ a, b, want int }{
		{exitHeld, exitUnknown, exitUnknown},
		{exitUnknown, exitHarness, exitHarness},
		{exitHarness, exitBroken, exitBroken},
		{exitInterrupted, exitUnknown, exitInterrupted},
		{exitHeld, exitHeld, exitHeld},
	} {
		if got, again := worse(c.a, c.b), worse(c.b, c.a); got != c.want || again != c.want {
			t.Errorf("of %d and %d: %d and %d, want %d", c.a, c.b, got, again, c.want)
		}
	}
	if code := (tally{}).code(); code != exitUnknown {
		t.Errorf("nothing judged exits with %d, want unknown", code)
	}
	if code := (tally{total: 2, done: 1, held: 1}).code(); code != exitUnknown {
		t.Errorf("half judged exits with %d, want unknown", code)
	}
}

// What is let pass is what was judged and came out unknown, and nothing else.
func TestExitCodesOfThresholdsAndOfWhatIsLetPass(t *testing.T) {
	for name, c := range map[string]struct {
		tally         tally
		fail, letPass int
	}{
		"missed":             {tally{total: 2, done: 2, held: 1, missed: 1}, exitThreshold, exitThreshold},
		"missed and unknown": {tally{total: 2, done: 2, missed: 1, unknown: 1}, exitUnknown, exitThreshold},
		"both in one cell":   {tally{total: 2, done: 2, held: 1, unknown: 1, missedBeside: 1}, exitUnknown, exitThreshold},
		"missed and broken":  {tally{total: 2, done: 2, missed: 1, broken: 1}, exitBroken, exitBroken},
		"unknown":            {tally{total: 2, done: 2, held: 1, unknown: 1}, exitUnknown, exitHeld},
		"unknown and broken": {tally{total: 2, done: 2, broken: 1, unknown: 1}, exitBroken, exitBroken},
		"unknown and failed": {tally{total: 2, done: 2, failed: 1, unknown: 1}, exitHarness, exitHarness},
		"one not done":       {tally{total: 2, done: 1, unknown: 1}, exitUnknown, exitUnknown},
	} {
		for letPass, want := range map[bool]int{false: c.fail, true: c.letPass} {
			c.tally.letPass = letPass
			if got := c.tally.code(); got != want {
				t.Errorf("%s, let pass %t: exit %d, want %d: %s", name, letPass, got, want, c.tally)
			}
		}
	}
}

func short(more ...string) []string {
	return append([]string{"run", "--duration", "300ms", "--warmup", "200ms", "--hold", "20ms", "--fault", "none", "--seed", "5"}, more...)
}

// One sound and one broken lock, on a real cluster; then judged again from what was stored.
func TestRunJudgesAndCheckJudgesAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	call(t, short("--strategy", "mutex,none")...).want(t, exitBroken,
		"lockquake run: seed 5, 2 cells", "held     exclusive      mutex without faults",
		"BROKEN   unsafe         none without faults", "RESULT: 1 of 2 cells held, 1 broken; seed 5; exit 1")
	call(t, "check").want(t, exitBroken, "lockquake check: seed 5, 2 cells", "RESULT: 1 of 2 cells held, 1 broken; seed 5; exit 1")
	call(t, "check", "latest", "--want", "promised").want(t, exitHeld, "RESULT: 2 of 2 cells held; seed 5; exit 0")
	for _, name := range []string{
		"run.json", "report.html", "summary.md", "latency.png", "contention.svg",
		"cells/mutex__none__r1/plan.json", "cells/mutex__none__r1/history.jsonl.zst", "cells/mutex__none__r1/verdicts.json",
		"cells/mutex__none__r1/timeline.png", "cells/mutex__none__r1/member-m0.log", "cells/none__none__r1/counterexample.txt",
	} {
		if stat, err := os.Stat(filepath.Join("results/runs/latest", name)); err != nil || stat.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A run is judged again by what it was asked for, unless something else is asked for.
func TestCheckRemembersWhatWasWanted(t *testing.T) {
	t.Chdir(t.TempDir())
	call(t, short("--strategy", "none", "--want", "promised", "--out", "run")...).want(t, exitHeld)
	call(t, "check", "run").want(t, exitHeld, "1 of 1 cells held")
	call(t, "check", "run", "--want", "safe").want(t, exitBroken, "1 broken", "unsafe (BROKEN)")
}

// A judgement that cannot be stored is a judgement all the same.
func TestVerdictOfAReadOnlyRunStands(t *testing.T) {
	t.Chdir(t.TempDir())
	call(t, short("--strategy", "none", "--out", "run")...).want(t, exitBroken)
	if err := os.RemoveAll("run/cells/none__none__r1/verdicts.json"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("run/cells/none__none__r1/verdicts.json", 0o700); err != nil { // root can write anywhere but there
		t.Fatal(err)
	}
	call(t, "check", "run").want(t, exitBroken, "not stored: ", "0 of 1 cells held, 1 broken, ")
}

func TestPipedOutputHasNoControlCharacters(t *testing.T) {
	t.Chdir(t.TempDir())
	s := call(t, short("--strategy", "mutex", "--out", "here")...)
	s.want(t, exitHeld, "written to here", "report: here/report.html")
	if strings.ContainsAny(s.out+s.log, "\r\x1b") {
		t.Errorf("%q", s.out)
	}
}

// What a kill or a bad disk leaves of a history is judged, and is never green.
func TestDamagedHistories(t *testing.T) {
	t.Chdir(t.TempDir())
	call(t, short("--strategy", "mutex", "--out", "run")...).want(t, exitHeld)
	stored := "run/cells/mutex__none__r1/history.jsonl.zst"
	whole, err := os.ReadFile(stored)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		content []byte
		code    int
		want    string
	}{
		"whole":     {whole, exitHeld, "1 of 1 cells held"},
		"truncated": {whole[:len(whole)*2/3], exitUnknown, "the recording was cut short"},
		"garbled":   {garble(t, whole), exitUsage, "judged are the"},
		"empty":     {nil, exitUsage, "not a lockquake history"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.jsonl.zst")
			if err := os.WriteFile(path, tc.content, 0o600); err != nil {
				t.Fatal(err)
			}
			call(t, "check", path).want(t, tc.code, tc.want)
		})
	}
}

// garble replaces a line of the second half with what no lockquake writes.
func garble(t *testing.T, whole []byte) []byte {
	t.Helper()
	reader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	text, err := reader.DecodeAll(whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(text, []byte("\n"))
	lines[len(lines)*3/4] = []byte("nonsense")
	writer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return writer.EncodeAll(bytes.Join(lines, []byte("\n")), nil)
}

func ExampleMain() {
	fmt.Println(Main(Builtin(), []string{"list", "checkers"}))
	// Output:
	// CHECKER        WHAT IT ASKS
	// well-formed    is the history itself sound
	// exclusion      did two holds of one key ever overlap, as the clients saw it
	// lease-bounded  had the older of two holders outlived what it could know of its lease
	// fencing        did the resource accept a stale write, or lose an acknowledged one
	// grant          was each grant the turn of the caller's key, as etcd saw it
	// release        was each lock key deleted only by its owner, its lease's end or an injected fault
	// progress       did every waiter resolve after the last heal, and was the lock free at the end
	// evidence       did the planned faults really happen
	//
	// 0
}

// The run that the README cites says what the README says, also to this version.
func TestPublishedRunIsJudgedAsItWas(t *testing.T) {
	const cells = "../../results/published/demo/cells/"
	call(t, "check", cells+"mutex__pause-holder__r1/history.jsonl.zst").want(t, exitBroken, "unsafe", "stale write accepted")
	call(t, "check", cells+"mutex_fence__pause-holder__r1/history.jsonl.zst").want(t, exitHeld, "lease-bounded")
}

// A strategy is no better for what was not done with it.
func TestMatrixShowsWhatWasNotDone(t *testing.T) {
	var tl tally
	tl.add(outcome{name: results.CellName{Strategy: "mutex", Fault: harness.Calm, Repeat: 1}, judgement: checker.Judgement{Grade: checker.Exclusive, Validity: checker.Valid}})
	tl.add(outcome{name: results.CellName{Strategy: "mutex", Fault: "kill-leader", Repeat: 1}, skipped: true})
	plain := tl.matrix().text(0, func(_ tone, text string) string { return text })
	if got, want := strings.Fields(plain), []string{"STRATEGY", "NONE", "KILL-LEADER", "WEAKEST", "mutex", "exclusive", "unknown", "unknown"}; !slices.Equal(got, want) {
		t.Errorf("the matrix is\n%s", plain)
	}
}
