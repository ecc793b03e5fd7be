package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/results"
)

const examples = "../examples/"

// goExample builds the example in Go, and not for the race detector: such programs sleep for a second before they end.
func goExample(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "exec-go")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "lockquake/cmd/examples/exec-go").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// The README says of each that it is a lock.
func TestExamplesDoWhatAProgramMust(t *testing.T) {
	notUnderRace(t)
	for needs, command := range map[string]string{
		"python3": "python3 " + examples + "exec-python/lock.py",
		"curl":    examples + "exec-shell/lock.sh",
	} {
		t.Run(needs, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(needs); err != nil {
				t.Skipf("there is no %s", needs)
			}
			doesWhatItMust(t, command)
		})
	}
}

// The README's own leaves out what it may.
func TestExampleOfTheREADME(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	call(t, "exec-test", "python3 "+examples+"exec-python/minimal.py", "--ttl", "3s", "--members", "1").
		want(t, exitHeld, "missing  tells of its leases", "ok       two clients exclude each other")
}

func doesWhatItMust(t *testing.T, command string) {
	t.Helper()
	said := call(t, "exec-test", command, "--ttl", "5s", "--members", "1")
	said.want(t, exitHeld, "RESULT: the program does what it must; exit 0", "ok       two clients exclude each other")
	if strings.Contains(said.out, string(markMissing)) {
		t.Errorf("something is missing:\n%s", said.out)
	}
}

func TestExampleInGo(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	command := goExample(t)
	t.Run("exec-test", func(t *testing.T) {
		t.Parallel()
		doesWhatItMust(t, command)
	})
	t.Run("run", func(t *testing.T) {
		t.Parallel()
		isShaken(t, command)
	})
}

// isShaken runs a program under faults, whose leases must be known as others' are.
func isShaken(t *testing.T, command string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	call(t, "run", "--exec", command, "--strategy", "exec+fence", "--fault", "none,pause-holder,crash-holder,revoke-holder", "--clients", "3",
		"--want", "promised", "--duration", "1s", "--ttl", "2s", "--members", "1", "--parallel", "2", "--out", dir).
		want(t, exitHeld, "exec+fence without faults", "exec+fence under pause-holder", "RESULT: 4 of 4 cells held")
	logs, err := filepath.Glob(filepath.Join(dir, "cells", "exec_fence__none__r1", "program-c*-k0.log"))
	if err != nil || len(logs) != 4 {
		t.Errorf("logs of three clients and the last reader: %q, %v", logs, err)
	}
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again := strings.Join(run.Manifest().Args, " "); !strings.Contains(again, "--exec="+command) {
		t.Errorf("made again by %s", again)
	}
	judged, err := os.ReadFile(filepath.Join(dir, "cells", "exec_fence__revoke-holder__r1", "verdicts.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(judged), "was not recorded") {
		t.Errorf("the leases of a program are not known:\n%s", judged)
	}
}

// A loop in sh that says ok to everything, or something else.
const yes = `n=0; while read -r line; do n=$((n+1)); case $line in `

// What each of them does wrong must be seen, and nothing else be held against it.
func TestExecTestSeesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		program string
		marks   map[string]markResult // of some checks
		says    string
	}{
		"grants everybody": {
			yes + `*) echo "{\"id\":$n,\"ok\":true}";; esac; done`,
			map[string]markResult{
				"acquires and releases": markOK, "two clients exclude each other": markWrong, "an acquire that is given up": markWrong,
				"tokens grow": markMissing, "its key is there while it holds": markMissing, "release of what was not held": markWrong,
				"holds for longer than the TTL": markWrong, "tells of its leases": markMissing, "tells that its lease is gone": markMissing,
				"lets go when it is killed": markOK, "lets go when its input ends": markOK,
			},
			"while one client held the lock, the acquire of another ended: it was granted the lock",
		},
		"makes up what it says": {
			yes + `*acquire*) echo "{\"id\":$n,\"ok\":true,\"token\":$((100-n)),\"key\":\"elsewhere\",\"lease\":7}";; *) echo "{\"id\":$n,\"ok\":true}";; esac; done; exit 4`,
			map[string]markResult{
				"tokens grow": markWrong, "its key is there while it holds": markWrong, "tells that its lease is gone": markWrong,
				"tells of its leases": markMissing, "lets go when its input ends": markWrong,
			},
			`key \"elsewhere\" is not at the lock's name`,
		},
		"says more than it is asked": {
			yes + `*acquire*) echo here you are;; *) echo "{\"id\":$n,\"ok\":true}";; esac; done`,
			map[string]markResult{"acquires and releases": markWrong, "lets go when its input ends": markWrong},
			`\"here you are\"`,
		},
		"is not there": {"no-such-program", map[string]markResult{"acquires and releases": markWrong}, "exit status 127"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := call(t, "exec-test", c.program, "--json", "--members", "1")
			said.want(t, exitBroken, c.says)
			got := map[string]markResult{}
			for _, line := range decoded[map[string]any](t, said.out) {
				if line["event"] == "check" {
					got[line["check"].(string)] = markResult(line["result"].(string))
				}
			}
			for check, want := range c.marks {
				if got[check] != want {
					t.Errorf("%s: %s, want %s", check, got[check], want)
				}
			}
			if t.Failed() {
				t.Log(said.out)
			}
		})
	}
}

func TestExecTestOfWrongInput(t *testing.T) {
	for want, args := range map[string][]string{
		"accepts 1 arg(s)":              {},
		"COMMAND is empty":              {""},
		"--ttl is 1.5s: give whole":     {"true", "--ttl", "1500ms"},
		"--members is 0: give a number": {"true", "--members", "0"},
		"--logs: mkdir /proc/lockquake: no such file or directory: name a folder that can be written": {"true", "--logs", "/proc/lockquake"},
	} {
		call(t, append([]string{"exec-test"}, args...)...).want(t, exitUsage, want)
	}
}

func TestRunThatAProgramCannotBePartOf(t *testing.T) {
	for want, args := range map[string][]string{
		"--exec is empty": {"--exec", ""},
		"exec: it does not talk to etcd through its client, which lose-acquire-reply strikes at": {"--exec", "true", "--fault", "lose-acquire-reply"},
		`there is no "exec"`:                    {"--strategy", "exec"},
		"strategy exec cannot do what workload": {"--exec", "true", "--workload", "reentrant"},
	} {
		call(t, append([]string{"run"}, args...)...).want(t, exitUsage, want)
	}
	call(t, "run", "--exec", "true", "--fault", "none", "--plan-only").want(t, exitHeld, `"strategy": "exec"`)
	call(t, "run", "--exec", "true", "--strategy", "mutex", "--fault", "none", "--plan-only").want(t, exitHeld, `"strategy": "mutex"`)
	call(t, "run", "partitions", "--exec", "true", "--plan-only").want(t, exitHeld, `"strategy": "exec"`)
}

func TestRunOfAProgramThatFails(t *testing.T) {
	t.Parallel()
	call(t, "run", "--exec", "echo hello; cat", "--fault", "none", "--members", "1", "--out", filepath.Join(t.TempDir(), "run")).
		want(t, exitHarness, `program "echo hello; cat": it wrote to its standard output what is no answer: "hello"`)
}
