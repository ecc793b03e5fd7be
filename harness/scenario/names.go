package scenario

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"lockquake/harness/nemesis"
)

// Names are what a scenario may call by name.
type Names struct {
	Faults     []Fault
	Strategies []string // groups of them too; nil: any name will do
	Workloads  []string
	Wants      []string // what may be asked of cells
}

// Fault is a fault of the catalogue, with whom it strikes and when, unless a scenario says otherwise.
type Fault struct {
	Name string
	Aim  nemesis.Aim
}

var (
	targets = []string{
		string(nemesis.Holder), string(nemesis.Waiter), string(nemesis.AnyClient), string(nemesis.Leader), string(nemesis.Follower),
		string(nemesis.Random), string(nemesis.Majority), string(nemesis.All),
	}
	moments = []string{
		string(nemesis.Acquired), string(nemesis.Releasing), string(nemesis.Waiting), string(nemesis.Renewed),
		string(nemesis.LeaderChanged), anytime,
	}
)

// anytime is the planned time itself, the zero Moment.
const anytime = "anytime"

// Fault finds the one of a name.
func (n Names) Fault(name string) (Fault, error) {
	aim, ok := n.fault(name)
	if !ok {
		return Fault{}, fmt.Errorf("there is no fault %q: %s", name, meant(name, n.faults(), "lockquake list faults"))
	}
	return Fault{Name: name, Aim: aim}, nil
}

func (n Names) fault(name string) (nemesis.Aim, bool) {
	for _, f := range n.Faults {
		if f.Name == name {
			return f.Aim, true
		}
	}
	return nemesis.Aim{}, false
}

// targetsOf are whom a kind of fault can strike.
func (n Names) targetsOf(kind string) []string {
	return slices.DeleteFunc(slices.Clone(targets), func(target string) bool {
		_, known := n.fault(kind + "-" + target)
		return !known
	})
}

// faults are all names of faults, and of kinds that are given with a target.
func (n Names) faults() []string {
	var names []string
	for _, f := range n.Faults {
		names = append(names, f.Name)
		kind, target, _ := strings.Cut(f.Name, "-")
		if slices.Contains(targets, target) && !slices.Contains(names, kind) {
			names = append(names, kind)
		}
	}
	return names
}

// fewNames is how many are listed where no name is near, unless they are listed nowhere else.
const fewNames = 20

func noSuch(name string, known []string, all string) string {
	return fmt.Sprintf("there is no %q: %s", name, meant(name, known, all))
}

// meant says which name a wrong one was probably meant to be, or else where all are.
func meant(name string, known []string, all string) string {
	nearest, least := "", utf8.RuneCountInString(name)/2+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(name, k); d < least {
			nearest, least = k, d
		}
	}
	switch {
	case nearest != "":
		return fmt.Sprintf("did you mean %q?", nearest)
	case len(known) <= fewNames || all == "":
		return "give one of " + strings.Join(known, ", ")
	}
	return all + " shows all"
}
