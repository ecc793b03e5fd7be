package cli

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/pflag"

	"lockquake/harness"
)

const metricsFlag = "metrics-addr"

func declareMetrics(flags *pflag.FlagSet, address *string) {
	flags.StringVar(address, metricsFlag, "", "serve Prometheus metrics of the run at http://ADDRESS/metrics for as long as it lasts, such as\n127.0.0.1:9464; port 0: any that is free")
}

// exporter tells Prometheus of a run. It counts nothing itself: whenever it is asked, it looks at what is under way, as
// the terminal does.
type exporter struct {
	labels prometheus.Labels // of what is true of the whole run
	url    string

	mu    sync.Mutex
	cells *underway
}

// withMetrics serves the metrics of what is carried out from then on, until the func that it returns is called. Without an
// address it serves none.
func (a app) withMetrics(ctx context.Context, address string, s selection) (app, func(), error) {
	if address == "" {
		return a, func() {}, nil
	}
	b := thisBuild()
	a.metrics = &exporter{labels: prometheus.Labels{
		"version": b.Version, "revision": b.Revision, "go": b.Go, "etcd": s.etcd(), "seed": strconv.FormatUint(s.plan.Seed, 10),
	}}
	registry := prometheus.NewRegistry() // etcd's members share the default one, and would be told of, too
	for _, c := range []prometheus.Collector{a.metrics, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := registry.Register(c); err != nil {
			return a, nil, harnessFailed(fmt.Errorf("--%s: %w", metricsFlag, err))
		}
	}
	listener, err := listen(ctx, metricsFlag, address)
	if err != nil {
		return a, nil, usage(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "lockquake's metrics are at /metrics") })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it ends when it is closed
	}()
	a.metrics.url = fmt.Sprintf("http://%s/metrics", listener.Addr())
	return a, func() { _ = server.Close(); <-done }, nil
}

// shows makes cells that are about to be carried out those that metrics are of, if there are any.
func (a app) shows(u *underway) {
	if a.metrics == nil {
		return
	}
	fmt.Fprintln(a.out, "metrics:", a.metrics.url)
	a.metrics.mu.Lock()
	defer a.metrics.mu.Unlock()
	a.metrics.cells = u
}

// Describe implements prometheus.Collector: which strategies and faults there are, only the run tells.
func (e *exporter) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (e *exporter) Collect(out chan<- prometheus.Metric) {
	m := meter{out}
	about := prometheus.NewDesc("lockquake_run_info", "What carries the run out, and which one it is. Always 1.", nil, e.labels)
	out <- prometheus.MustNewConstMetric(about, prometheus.GaugeValue, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cells != nil {
		m.all(e.cells)
	}
}

// all tells of all cells.
func (m meter) all(u *underway) {
	past, now := u.snapshots()
	m.gauge("cells", "Cells that there are to carry out.", float64(u.total))
	m.gauge("cells_running", "Cells that are being carried out.", float64(len(now)))
	came := u.outcomes()
	for _, outcome := range []string{"held", "broken", "missed", "unknown", "failed"} {
		m.counter("cells_done_total", "Cells that are done, by how they came out.", float64(came[outcome]), label{"outcome", outcome})
	}
	m.countAll(append(past, now...))
	for _, s := range now {
		m.look(s)
	}
}

// label is one with its value.
type label struct{ name, value string }

// meter makes metrics.
type meter struct{ out chan<- prometheus.Metric }

func (m meter) gauge(name, help string, value float64, labels ...label) {
	desc, values := metricDesc(name, help, labels)
	m.out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, values...)
}

func (m meter) counter(name, help string, value float64, labels ...label) {
	desc, values := metricDesc(name, help, labels)
	m.out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, values...)
}

// metricDesc names a metric. Names of faults come from files, and need not be text.
func metricDesc(name, help string, labels []label) (*prometheus.Desc, []string) {
	var names, values []string
	for _, l := range labels {
		names, values = append(names, l.name), append(values, strings.ToValidUTF8(l.value, "?"))
	}
	return prometheus.NewDesc("lockquake_"+name, help, names, nil), values
}

// kindOfCell is what cells are counted together by.
type kindOfCell struct{ strategy, fault string }

// countAll adds up what was counted of cells until now, those that are done too, by strategy and fault.
func (m meter) countAll(cells []harness.Snapshot) {
	sums := map[kindOfCell]*harness.Snapshot{}
	for _, s := range cells {
		kind := kindOfCell{s.Cell.Strategy, s.Cell.Fault}
		if sums[kind] == nil {
			sums[kind] = &harness.Snapshot{Cell: s.Cell}
		}
		sums[kind].Add(s)
	}
	for _, s := range sums {
		m.count(*s)
	}
}

func (m meter) count(s harness.Snapshot) {
	of := []label{{"strategy", s.Cell.Strategy}, {"fault", s.Cell.Fault}}
	for _, c := range []struct {
		name, help string
		value      int64
	}{
		{"grants_total", "Acquires that got the lock.", s.Grants},
		{"acquires_refused_total", "Acquires that surely did not get the lock.", s.Refused},
		{"acquires_unanswered_total", "Acquires whose end nobody knows.", s.Unanswered},
		{"holds_lost_total", "Holds whose loss their client has noticed.", s.Lost},
		{"injections_total", "Faults that struck.", s.Injections},
		{"heals_total", "Faults that struck and were healed.", s.Healed},
		{"leader_changes_total", "Changes from one leader of the cluster to another, as far as they were seen.", s.Elections},
	} {
		m.counter(c.name, c.help, float64(c.value), of...)
	}
	m.waits(s.Waits, of)
}

// waits is the histogram of what acquires took.
func (m meter) waits(w harness.Waits, of []label) {
	buckets, count := map[float64]uint64{}, uint64(0)
	for i, n := range w.Counts {
		count += uint64(n)
		if i < len(harness.WaitSteps()) {
			buckets[harness.WaitSteps()[i].Seconds()] = count
		}
	}
	desc, values := metricDesc("acquire_seconds", "How long acquires took that got the lock, since they were due or invoked.", of)
	m.out <- prometheus.MustNewConstHistogram(desc, count, w.Total.Seconds(), buckets, values...)
}

// look tells of a cell that is running.
func (m meter) look(s harness.Snapshot) {
	of := []label{{"strategy", s.Cell.Strategy}, {"fault", s.Cell.Fault}, {"repeat", strconv.Itoa(s.Cell.Repeat)}}
	for _, g := range []struct {
		name, help string
		value      float64
	}{
		{"waiters", "Acquires that have no answer yet.", float64(s.Waiting)},
		{"oldest_wait_seconds", "How long the oldest of them has waited.", s.OldestWait.Seconds()},
		{"believers", "Clients that believe they hold a lock.", float64(len(s.Believers))},
		{"contested_keys", "Locks that more clients believe to hold than may.", float64(len(s.Contested))},
		{"faults_in_progress", "Faults that were begun and are not healed.", float64(len(s.Faults))},
		{"leader", "The number of the member that leads for sure; -1: none does.", float64(s.Leader)},
	} {
		m.gauge(g.name, g.help, g.value, of...)
	}
	m.gauge("phase", "How far the cell has come, by name. Always 1.", 1, append(of, label{"phase", string(s.Phase)})...)
	seen := map[string]bool{}
	for _, f := range s.Faults {
		if !seen[f.Fault] { // two of a kind may strike at the same time
			seen[f.Fault] = true
			m.gauge("fault_seconds", "How long a fault has been in progress.", (s.At - f.Since).Seconds(), append(of, label{"injected", f.Fault})...)
		}
	}
}
