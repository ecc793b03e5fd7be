package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// floors is the table of harness/doc.go: a package may import those of ours that are named with it.
var floors = map[string][]string{
	"checker/history":   {},
	"workloads/lock":    {},
	"harness/network":   {},
	"checker/linear":    {},
	"checker/browser":   {},
	"checker":           {"checker/history", "checker/linear"},
	"checker/edn":       {"checker/history"},
	"workloads":         {"checker/history", "workloads/lock"},
	"workloads/locks":   {"workloads/lock"},
	"workloads/program": {"workloads/lock"},
	"harness/cluster":   {"harness/network"},
	"harness/nemesis":   {"harness/network"},

	"harness/cluster/virtual": {"harness/network", "harness/cluster"},

	"harness/scenario": {"harness/nemesis", "harness/network"},
	"results":          {"checker", "checker/history"},
	"harness":          {"checker/history", "workloads/lock", "workloads", "workloads/locks", "harness/network", "harness/cluster", "harness/cluster/virtual", "harness/nemesis", "harness/scenario", "results"},
	"harness/repro":    {"checker/history", "workloads/lock", "workloads", "workloads/locks", "harness/network", "harness/cluster", "harness"},
	"harness/locktest": {"checker/history", "checker", "workloads/lock", "workloads", "workloads/locks", "harness/network", "harness/cluster", "harness/cluster/virtual", "harness/nemesis", "harness/scenario", "harness", "results"},
	"cmd/cli":          {"checker/history", "checker/edn", "checker", "workloads/lock", "workloads", "workloads/locks", "workloads/program", "harness/network", "harness/cluster", "harness/cluster/virtual", "harness/nemesis", "harness/scenario", "harness", "harness/repro", "results"},
	"cmd/lockquake":    {"cmd/cli"},

	"cmd/examples/exec-go": {},
}

const module = "lockquake/"

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestPackagesImportOnlyFromFloorsBelow(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := floors[name]
		if !known {
			t.Errorf("%s stands on no floor: give it one here and in harness/doc.go", name)
		}
		for _, bad := range strays(p.Imports, allowed) {
			t.Errorf("%s imports %s, which its floor does not allow", name, bad)
		}
	}
	if len(packages) != len(floors) {
		t.Errorf("%d packages on %d floors", len(packages), len(floors))
	}
}

// The layering check itself must be able to fail.
func TestStrayImportIsNoticed(t *testing.T) {
	if bad := strays([]string{"fmt", "lockquake/harness", "lockquake/checker/history"}, floors["checker"]); len(bad) != 1 || bad[0] != "harness" {
		t.Errorf("strays are %q, want harness", bad)
	}
}

func strays(imports, allowed []string) []string {
	var bad []string
	for _, path := range imports {
		name, ours := strings.CutPrefix(path, module)
		if ours && !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+name+" ") {
			bad = append(bad, name)
		}
	}
	return bad
}

func TestJudgesAndTheContractDoNotLinkTheServer(t *testing.T) {
	for _, p := range list(t) {
		switch strings.TrimPrefix(p.ImportPath, module) {
		case "checker", "checker/edn", "checker/history", "results", "workloads/lock":
			for _, dep := range p.Deps {
				if strings.HasPrefix(dep, "go.etcd.io/etcd/server") {
					t.Errorf("%s links %s", p.ImportPath, dep)
				}
			}
		}
	}
}

func list(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
