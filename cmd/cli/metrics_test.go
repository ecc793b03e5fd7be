package cli

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lockquake/checker"
	"lockquake/harness"
	"lockquake/results"
)

// scraped are an exporter's metrics. A pedantic registry refuses those that contradict each other.
func scraped(t *testing.T, e *exporter) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(e); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// Three cells: one that is done, and two that are running, one of which is the other one's repeat.
func TestMetricsAddUpWhatIsDoneAndWhatIsRunning(t *testing.T) {
	u := newUnderway(make([]harness.Cell, 4), 2)
	show := func(strategy string, repeat int, s harness.Snapshot) *harness.Monitor {
		m := u.begin(harness.Cell{})
		s.Cell = results.CellName{Strategy: strategy, Fault: "pause-holder", Repeat: repeat}
		m.Show(s)
		return m
	}
	counts := make([]int64, len(harness.WaitSteps())+1)
	counts[0], counts[3], counts[len(counts)-1] = 1, 2, 4
	waits := harness.Waits{Counts: counts, Total: 3 * time.Second}
	done := show("mutex", 1, harness.Snapshot{Grants: 7, Elections: 1, Waiting: 5, Waits: waits, Leader: 1})
	u.end(done)
	u.judged(outcome{judgement: checker.Judgement{Validity: checker.Invalid}})
	show("mutex", 2, harness.Snapshot{
		Phase: harness.Shaking, At: 3 * time.Second, Grants: 7, Elections: 2, Waits: waits, Waiting: 3, OldestWait: 1500 * time.Millisecond, Leader: 2,
		Believers: make([]harness.Belief, 2), Contested: []string{"k0"}, Faults: []harness.FaultUnderway{{Fault: "pause-holder", Since: time.Second}, {Fault: "pause-holder", Since: 2 * time.Second}},
	})
	show("bad\xff", 1, harness.Snapshot{Leader: harness.Nobody})
	text := scraped(t, &exporter{labels: prometheus.Labels{"etcd": "3.7.3"}, cells: u})
	for _, want := range []string{
		`lockquake_run_info{etcd="3.7.3"} 1`, "lockquake_cells 4", "lockquake_cells_running 2", `lockquake_cells_done_total{outcome="broken"} 1`,
		`lockquake_cells_done_total{outcome="held"} 0`, `lockquake_grants_total{fault="pause-holder",strategy="mutex"} 14`,
		`lockquake_leader_changes_total{fault="pause-holder",strategy="mutex"} 3`, `lockquake_acquire_seconds_bucket{fault="pause-holder",strategy="mutex",le="0.001"} 2`,
		`lockquake_acquire_seconds_bucket{fault="pause-holder",strategy="mutex",le="0.01"} 6`, `lockquake_acquire_seconds_count{fault="pause-holder",strategy="mutex"} 14`,
		`lockquake_acquire_seconds_sum{fault="pause-holder",strategy="mutex"} 6`, `lockquake_waiters{fault="pause-holder",repeat="2",strategy="mutex"} 3`,
		`lockquake_oldest_wait_seconds{fault="pause-holder",repeat="2",strategy="mutex"} 1.5`, `lockquake_believers{fault="pause-holder",repeat="2",strategy="mutex"} 2`,
		`lockquake_contested_keys{fault="pause-holder",repeat="2",strategy="mutex"} 1`, `lockquake_faults_in_progress{fault="pause-holder",repeat="2",strategy="mutex"} 2`,
		`lockquake_fault_seconds{fault="pause-holder",injected="pause-holder",repeat="2",strategy="mutex"} 2`, `lockquake_leader{fault="pause-holder",repeat="2",strategy="mutex"} 2`,
		`lockquake_leader{fault="pause-holder",repeat="1",strategy="bad?"} -1`, `phase="faults"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(text, `lockquake_waiters{fault="pause-holder",repeat="1",strategy="mutex"}`) {
		t.Error("somebody waits in a cell that is done")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestMetricsOfARun(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, log := &lineBuffer{lines: make(chan string, 100)}, &bytes.Buffer{}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, Builtin(), short("--strategy", "mutex", "--duration", "700ms", "--metrics-addr", "127.0.0.1:0", "--out", "run"), out, log)
	}()
	address := ""
	for address == "" {
		select {
		case line := <-out.lines:
			_, address, _ = strings.Cut(strings.TrimSpace(line), "metrics: http://")
		case c := <-code:
			t.Fatalf("exit %d before it served metrics: %s", c, log)
		}
	}
	address, path, _ := strings.Cut(address, "/")
	for granted := false; !granted; time.Sleep(20 * time.Millisecond) {
		select {
		case c := <-code:
			t.Fatalf("exit %d, and no grant was seen", c)
		default:
		}
		_, text := rawGet(t, address, "/"+path)
		granted = strings.Contains(text, `lockquake_grants_total{fault="none",strategy="mutex"} `) && !strings.Contains(text, `lockquake_grants_total{fault="none",strategy="mutex"} 0`)
	}
	if c := <-code; c != exitHeld {
		t.Errorf("exit %d: %s", c, log)
	}
	manifest, err := os.ReadFile("run/run.json")
	if err != nil || bytes.Contains(manifest, []byte("metrics")) {
		t.Errorf("a run that is made again need not have the same address: %v", err)
	}
}

func TestMetricsThatCannotBeServedEndTheRunBeforeItBegins(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, command := range []string{"run", "bench"} {
		call(t, command, "--metrics-addr", "9464").want(t, exitUsage, `--metrics-addr is "9464": give an address and a port`)
		call(t, command, "--metrics-addr", "192.0.2.1:1").want(t, exitUsage, "--metrics-addr 192.0.2.1:1: ", "give an address of this machine")
	}
	if made, _ := os.ReadDir("."); len(made) != 0 {
		t.Errorf("left behind: %v", made)
	}
}
