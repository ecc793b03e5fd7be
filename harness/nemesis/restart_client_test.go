package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestRestartedClientLeavesItsLease(t *testing.T) { testCrash(t, nemesis.RestartClient{}) }
