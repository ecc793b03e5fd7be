package cli

import "lockquake/results"

// formatTable is of the formats of a run.
func formatTable() table {
	t := table{head: []string{"format", "what it is", "file"}}
	for _, f := range results.Formats() {
		t.rows = append(t.rows, []string{f.Name, f.Doc, "`" + f.File + "`"})
	}
	return t
}

// documentTable is of the fields of format json: those of a run, and those of each of its cells.
func documentTable() table {
	return table{head: []string{"field", "of", "what it is"}, rows: [][]string{
		{"schema", "run", "the version of these fields, 1"},
		{"version", "run", "of run.json"},
		{"seed", "run", "of the plan"},
		{"args", "run", "the command line that makes the same run again"},
		{"want", "run", "what a cell had to give if nothing else was asked of it"},
		{"unknown", "run", "pass, if what is not known was to be let pass"},
		{"start", "run", "RFC 3339"},
		{"end", "run", "missing: it was not finished, or killed"},
		{"environment", "run", "go, etcd, os, arch, cores; of a merged run, those of all parts"},
		{"part", "run", "plan (a digest), of, shards, cells: what of a plan it is"},
		{"merged", "run", "the runs that it was joined from: shards, start, end, environment"},
		{"untested", "run", "left_out, strategies, faults, cannot: what it did not try, in words"},
		{"cells", "run", "in the order of the plan"},
		{"strategy", "cell", "its name"},
		{"fault", "cell", "the name of the fault or scenario; none: in calm"},
		{"repeat", "cell", "from 1"},
		{"outcome", "cell", "held, broken, missed (only a threshold), unknown, failed or planned"},
		{"grade", "cell", "exclusive, lease-bounded, fenced, unsafe or unknown"},
		{"validity", "cell", "valid, invalid or unknown: whether its guarantee was as wanted"},
		{"why", "cell", "in one sentence"},
		{"want", "cell", "what it had to give"},
		{"limits", "cell", "max_p99_ns, max_gap_ns, min_ops: the thresholds that were asked for"},
		{"thresholds", "cell", "how each came out: name, validity, why, limit, measured, unit"},
		{"verdicts", "cell", "of each checker: checker, validity, why, judged, evidence, story, culprit"},
		{"stats", "cell", "counts, rates, latencies, gaps and fairness of the measured window"},
		{"costs", "cell", "of a bench: what an acquisition costs in requests and proposals"},
		{"faults", "cell", "what each injection really did: fault, target, from_ns, to_ns, healed, observed, evidence"},
		{"folder", "cell", "below cells/"},
		{"state", "cell", "planned, done or failed"},
		{"again", "cell", "the command line that makes this cell again; missing: only all of the run can be"},
		{"begun", "cell", "RFC 3339"},
		{"cut", "cell", "true, if a kill or an interruption cut it short"},
	}}
}
