package cli

import (
	"fmt"

	"lockquake/harness"
	"lockquake/workloads"
)

// workload finds the one of the settings, and completes them by what it asks for.
func (a app) workload(o runOptions, s *harness.Settings) (Entry[workloads.Kind], error) {
	found, err := pick("--workload", s.Workload, a.catalogue.Workloads, nil)
	if err != nil {
		return Entry[workloads.Kind]{}, err
	}
	w := found[0]
	switch {
	case len(found) > 1:
		return w, fmt.Errorf("--workload is %q: give one", s.Workload)
	case s.Permits > 1 && w.Value.Writes:
		return w, fmt.Errorf("--permits is %d: workload %s has one writer at a time: give --workload contend", s.Permits, w.Name)
	}
	if w.Value.Keys > 0 && s.Keys == 1 && !o.given("keys") {
		s.Keys = w.Value.Keys
	}
	return w, nil
}
