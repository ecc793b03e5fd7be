package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockquake/harness/cluster"
)

type doctorSaid struct {
	Possible bool
	Exit     int
	Checks   []diagnosis
}

func (s doctorSaid) of(t *testing.T, check string) diagnosis {
	t.Helper()
	for _, d := range s.Checks {
		if d.Check == check {
			return d
		}
	}
	t.Fatalf("nothing is said of %s: %v", check, s.Checks)
	return diagnosis{}
}

func askDoctor(t *testing.T, code int) (answer doctorSaid) {
	t.Helper()
	s := call(t, "doctor", "--json")
	s.want(t, code)
	if err := json.Unmarshal([]byte(s.out), &answer); err != nil {
		t.Fatal(err)
	}
	for _, d := range answer.Checks {
		if (d.State != isFine) != (d.Limits != "" && d.Do != "") {
			t.Errorf("%+v: what is not ok says what it limits, and what to do", d)
		}
	}
	if answer.Exit != code || answer.Possible != (code == exitHeld) {
		t.Errorf("exit %d, possible: %t; the exit code was %d", answer.Exit, answer.Possible, code)
	}
	return answer
}

func TestDoctorTriesMembers(t *testing.T) {
	answer := askDoctor(t, exitHeld)
	for check, sees := range map[string]string{
		"embedded members": "3 ready in ", "virtual time": "3s passed in ", "process members": "paused, killed and started again", "unix sockets": "there and back",
	} {
		if d := answer.of(t, check); d.State == isMissing || !strings.Contains(d.Found, sees) {
			t.Errorf("%+v: want %q", d, sees)
		}
	}
}

// Where members have no place they are not started: etcd would end the whole process.
func TestDoctorOfAMachineThatCannot(t *testing.T) {
	t.Setenv("TMPDIR", "/proc/nowhere")
	t.Setenv("PATH", "/proc/nowhere")
	answer := askDoctor(t, exitHarness)
	for _, check := range []string{"temp folder", "child processes", "embedded members", "process members", "etcd binary", "C compiler"} {
		if d := answer.of(t, check); d.State != isMissing {
			t.Errorf("%+v: want it missing", d)
		}
	}
	if d := answer.of(t, "embedded members"); !strings.Contains(d.Found, "not tried, for want of temp folder") {
		t.Errorf("%+v", d)
	}
	call(t, "doctor").want(t, exitHarness, "missing  temp folder", "do: set TMPDIR to a folder", "RESULT: no run is possible; ")
}

func TestFilesUnderALimit(t *testing.T) {
	usual := need{Members: 3, Clients: 5, Parallel: 1}
	for limit, want := range map[uint64]condition{100: isMissing, 400: isLimited, 1024: isFine} {
		if d := filesUnder(limit, usual); d.State != want {
			t.Errorf("%d open files: %+v, want %s", limit, d, want)
		}
	}
	if d := filesUnder(1024, need{Members: 9, Clients: 32, Parallel: 4}); d.State != isMissing || !strings.Contains(d.Do, "ulimit -n 8192") {
		t.Errorf("a large run: %+v", d)
	}
}

// etcd ends the process where it has no files left, with what means a broken guarantee to lockquake's users.
func TestRunWithoutFilesIsNoBrokenGuarantee(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `ulimit -n 100; exec "$0" "$@"`, self}, short("--out", filepath.Join(t.TempDir(), "run"))...)...)
	cmd.Env = append(os.Environ(), asLockquake+"=1")
	out, _ := cmd.CombinedOutput() // how it ended is in its state
	said{cmd.ProcessState.ExitCode(), string(out), ""}.want(t, exitHarness, "etcd cannot go on, and has ended this process", "lockquake doctor says")
	if n := (need{Members: 1, Clients: 1, Parallel: 1}); n.openFiles() <= 150 {
		t.Errorf("%d files are too few for etcd", n.openFiles())
	}
}

// The numbers that doctor gives are no less than what a cluster takes, and not many times as much.
func TestNeedsAreNoLessThanWhatARunTakes(t *testing.T) {
	before := openNow()
	if before == 0 {
		t.Skip("the system does not tell how many files are open")
	}
	n := need{Members: 5, Clients: 8, Parallel: 1}
	c, err := cluster.Start(t.Context(), cluster.Config{Members: n.Members})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for i := range n.Clients {
		client, err := c.Client(t.Context(), cluster.ClientConfig{Number: i})
		if err != nil {
			t.Fatal(err)
		}
		for range n.Members {
			if _, err := client.Etcd.Get(t.Context(), "key"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if took := openNow() - before; took > n.openFiles() || 4*took < n.openFiles() {
		t.Errorf("%v have %d files open, said to be about %d", n, took, n.openFiles())
	}
}

func TestDoctorRefusesWhatNoRunCanBe(t *testing.T) {
	for args, want := range map[string]string{
		"--members 4": "--members is 4: give an odd number", "--clients 0": "--clients is 0: give a number from 1",
		"--parallel 65": "--parallel is 65: give a number from 1 to 64", "now": `lockquake doctor takes no arguments: leave out "now"`,
	} {
		call(t, append([]string{"doctor"}, strings.Fields(args)...)...).want(t, exitUsage, want)
	}
}

func TestTimersThatAreLateLimit(t *testing.T) {
	for late, want := range map[time.Duration]condition{time.Millisecond: isFine, 11 * time.Millisecond: isLimited} {
		if d := lateBy(late/2, late); d.State != want {
			t.Errorf("%v late: %+v, want %s", late, d, want)
		}
	}
}
