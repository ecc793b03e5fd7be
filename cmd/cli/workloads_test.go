package cli

import (
	"strings"
	"testing"
)

// Whoever names a strategy is told that it cannot be done; what only a group names is left out, and that is said.
func TestStrategiesThatAWorkloadCannotBeCarriedOutWith(t *testing.T) {
	for command, says := range map[string]string{
		"--workload reentrant": "strategy mutex cannot do what workload reentrant needs: reentrant",
		"--workload readers-writer --strategy rwmutex,semaphore":        "strategy semaphore cannot do what workload readers-writer needs: shared",
		"--workload contend --permits 2":                                "strategy mutex cannot do what workload contend needs for 2 permits: semaphore",
		"--workload register --permits 2 --strategy semaphore":          "--permits is 2: workload register has one writer at a time",
		"--workload handoff --strategy mutex+fence":                     "writes nothing that a fence could protect: give mutex",
		"--workload reentrant --strategy broken":                        "none of them has the abilities that workload reentrant needs",
		"--workload reeentrant":                                         `there is no "reeentrant": did you mean "reentrant"?`,
		"--workload set,register":                                       `--workload is "set,register": give one`,
		"--strategy leaderelection --fault revoke-holder":               "leaderelection: it lives on no lease, which revoke-holder strikes at",
		"--strategy mutex --rate -1":                                    "--rate is -1: give acquires a second",
		"--strategy mutex --spread wide":                                `--spread is "wide": give uniform or zipf`,
		"--strategy leaderelection --fault starve-holder,prolong-lease": "lives on no lease",
	} {
		call(t, append([]string{"run", "--plan-only"}, strings.Fields(command)...)...).want(t, exitUsage, says)
	}
}

func TestGroupsLeaveOutWhatCannotBeDone(t *testing.T) {
	for command, want := range map[string]struct{ has, hasNot string }{
		"--workload reentrant --strategy all --fault none":                          {`"mutex-reentrant+fence"`, `"mutex"`},
		"--workload contend --permits 2 --strategy all --fault none":                {`"semaphore"`, `"semaphore+fence"`},
		"--strategy mutex,leaderelection --fault revoke-holder":                     {`"mutex"`, `"leaderelection"`},
		"--strategy fenced --fault none":                                            {`"mutex+fence"`, `"mutex"`},
		"--strategy fenced --fault pause-holder":                                    {`"tutorial+fence"`, `"unfenced-token"`},
		"--workload many-keys --strategy mutex --fault none":                        {`"k63"`, `"k64"`},
		"--workload many-keys --keys 3 --spread zipf --strategy mutex --fault none": {`"k2"`, `"k3"`},
		"--rate 5 --strategy mutex --fault none":                                    {`"arrivals_ns"`, `"shared"`},
		"--workload readers-writer --strategy rwmutex --fault none":                 {`"shared"`, `"arrivals_ns"`},
	} {
		s := call(t, append([]string{"run", "--plan-only", "--seed", "1"}, strings.Fields(command)...)...)
		s.want(t, exitHeld, want.has)
		if strings.Contains(s.out, want.hasNot) {
			t.Errorf("%s: the plan has %s", command, want.hasNot)
		}
	}
}
