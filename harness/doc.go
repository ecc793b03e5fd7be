// Package harness carries out plans: it shakes a cluster while clients fight for a lock, and records
// what they saw. This page is the architecture of lockquake.
//
// # One way, through files
//
//	scenario + seed -> Plan -> Run -> History -> checker -> Verdicts -> results -> report, pictures
//	                plan.json      history.jsonl.zst     verdicts.json          report.html, *.png, *.svg
//
// Everything right of the history works on the file alone: `lockquake check` does that half again
// for any stored run. Nothing flows back.
//
// # The house
//
// A package imports only from floors below its own; a test in cmd/cli holds it to that.
//
//	6  cmd/lockquake       main
//	6  cmd/examples        locks of one's own; ownlock is a module of its own, which ./... leaves out
//	5  cmd/cli             the catalogue and the commands; the only package that knows every name
//	4  harness/repro       known hazards, each carried out by a script
//	4  harness/locktest    the gate for go test
//	3  harness             Plan, its drawing from a seed, Run
//	2  harness/cluster     members, their peer proxies, clients, what clients learn of their leases
//	2  harness/cluster/virtual  the same members in virtual time, in a bubble of testing/synctest
//	2  harness/nemesis     the faults, one file each; what a fault needs is an interface it declares
//	2  harness/scenario    recipes in YAML: which faults, when, whom they strike; some by name
//	2  results             the run's folder, statistics, pictures, report
//	1  harness/network     links that can be held, for each direction by itself
//	1  workloads           what clients do with a lock, and the resource that it protects
//	1  workloads/locks     the strategies, one file each, and those that are broken on purpose
//	1  workloads/program   any program as a strategy, by lines of JSON
//	1  checker             history in, verdict out
//	1  checker/edn         Jepsen's lock histories: theirs read, ours written
//	0  checker/browser     a headless Chromium, for tests of pages; nothing else imports it
//	0  checker/linear      lock histories cut into pieces that porcupine judges, exactly
//	0  workloads/lock      the contract of a strategy; all that a strategy of your own imports
//	0  checker/history     events, the recorder, the file format
//
// # A cell
//
// A run is made of cells: one strategy under one fault or scenario, one repeat. Each has a cluster of its
// own, which is ready in a tenth of a second. In Run
//
//  1. the recorder starts the clock, and a watch of the lock's keys by a client that no fault touches
//     begins the ground truth;
//  2. every client opens its session, each in its own phase of etcd's loops, and takes turns with the
//     others: acquire, read, stay, write, release;
//  3. after the warm-up the nemesis carries out the plan's schedules, side by side: each injection waits for
//     its time and its moment, finds whom it strikes, and is healed, also when the run is interrupted;
//  4. nobody starts another round; waiters have Cell.Settle to resolve;
//  5. the cluster must be healthy, else the cell has failed; then a fresh client opens the lock, acquires
//     it once more for each key, and reads the register a last time.
//
// An error of Run says that the harness failed. What a lock did wrong is in the history, and what
// that means is a verdict.
//
// # Looking in
//
// Who wants to see a cell while it runs, a terminal or a metrics endpoint, gives Parts a Monitor and asks that for
// a Snapshot as often as it likes. It knows what the history knows: the recorder's writing goroutine shows it each
// batch of events, so that clients and what they measure pay nothing for it, and it is at most a tenth of a second
// behind. Nothing that it says judges anything, or reaches a file.
//
// # What it costs
//
// A cell with Settings.Costs, as lockquake bench has them, also counts what the lock asks of etcd, from before the first
// acquire until after the last release, so that no acquisition is counted in part, and in its measured window takes
// samples of the floor: what a delete takes until another client's watch tells of it. That is no history: it goes to Parts.Costs,
// and so to costs.json beside it. Read costs.go.
//
// # Rules that everything rests on
//
// Invokes are stamped before a request leaves, returns after its answer came: intervals only widen, so
// timing never accuses falsely. An outcome that is not known is Unknown, the zero value, all the way
// to the exit code. A fault that left no evidence makes its cell unknown. Chance is drawn while
// planning, by Draw, and nowhere else: the same seed gives the same plan, though not the same timing of
// threads.
//
// # To add something
//
// A strategy: one file in workloads/locks, and a line in cli.Builtin; or anywhere else: it imports workloads/lock
// only, Catalogue.AddStrategy names it, and locktest.Run gates it (cmd/examples/ownlock does both). A fault, a
// workload or a checker: one file in harness/nemesis, workloads or checker, and a line in its builtin.go.
//
// Read plan.go next, then run.go.
package harness
